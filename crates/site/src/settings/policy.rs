//! `[policy]`: what pages may use beside the site's own files.

use serde::{Deserialize, Serialize};

/// What pages may use beside the site's own files: sources (CSP Level 3, §2.3.1) by directive.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// `policy.script-src`: scripts.
    pub script_src: Vec<String>,
    /// `policy.style-src`: styles.
    pub style_src: Vec<String>,
    /// `policy.img-src`: pictures; those of every `https:` address may be shown anyway.
    pub img_src: Vec<String>,
    /// `policy.media-src`: sound and film, likewise.
    pub media_src: Vec<String>,
    /// `policy.font-src`: fonts.
    pub font_src: Vec<String>,
    /// `policy.connect-src`: where scripts may ask.
    pub connect_src: Vec<String>,
    /// `policy.frame-src`: pages within the page.
    pub frame_src: Vec<String>,
    /// `policy.form-action`: where forms may be sent.
    pub form_action: Vec<String>,
}

impl Policy {
    /// Each directive with its sources.
    pub(crate) fn directives(&self) -> [(&'static str, &[String]); 8] {
        [
            ("script-src", &self.script_src),
            ("style-src", &self.style_src),
            ("img-src", &self.img_src),
            ("media-src", &self.media_src),
            ("font-src", &self.font_src),
            ("connect-src", &self.connect_src),
            ("frame-src", &self.frame_src),
            ("form-action", &self.form_action),
        ]
    }

    /// The first directive with a source that cannot be used, and why.
    pub(super) fn wrong(&self) -> Option<(&'static str, String)> {
        self.directives().into_iter().find_map(|(name, sources)| {
            let source = sources.iter().find(|source| !is_source(source))?;
            let remedy = "write one source in each string, such as `\"https://example.org\"`";
            Some((name, format!("`policy.{name}`: `{source}` is no source: {remedy}")))
        })
    }
}

/// Whether `text` is one word that ends neither its directive nor its policy.
pub(super) fn is_source(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b';' && b != b',')
}

/// Scheme and host of `url`, and port if it names one; `None` if it has none that is a source.
pub(crate) fn origin(url: &str) -> Option<&str> {
    let host = url.find("://")? + 3;
    let length = url[host..].find(['/', '?', '#']).unwrap_or(url.len() - host);
    let origin = &url[..host + length];
    (length > 0 && is_source(origin)).then_some(origin)
}
