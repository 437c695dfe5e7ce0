//! Style and script that stand within every page, so that the first paint waits for no second answer
//! (`docs/decisions/0029-style-within-the-page.md`).

use crate::SiteError;
use crate::settings::place;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use minijinja::value::Value;
use sha2::{Digest, Sha256};

/// How an address may begin in a style that is read from pages at every depth.
const ABSOLUTE: [&str; 5] = ["/", "#", "data:", "https:", "http:"];

/// The text of a `<style>` or `<script>` element.
#[derive(Debug)]
pub(crate) struct Inline(String);

impl Inline {
    /// The style `text`, read from `file`.
    ///
    /// # Errors
    ///
    /// [`SiteError::Theme`] with the line, if it would end its element or has an address that is
    /// another one on each page.
    pub(crate) fn style(file: &str, text: &str) -> Result<Self, SiteError> {
        let style = Self::new(file, text, &["</style"])?;
        for (at, _) in style.0.match_indices("url(") {
            let address = style.0[at + 4..].trim_start_matches([' ', '\t', '\n', '\'', '"']);
            if !ABSOLUTE.iter().any(|start| address.starts_with(start)) {
                let address = address.split(['"', '\'', ')', '\n']).next().unwrap_or_default();
                let remedy = "the style stands in every page, so begin it with `/`";
                return Err(fault(file, &style.0, at, format!("`url({address})`: {remedy}")));
            }
        }
        Ok(style)
    }

    /// The script `text`, read from `file`.
    ///
    /// # Errors
    ///
    /// [`SiteError::Theme`] with the line, if it would end its element, or hide its end (HTML,
    /// §4.12.1.3).
    pub(crate) fn script(file: &str, text: &str) -> Result<Self, SiteError> {
        Self::new(file, text, &["</script", "<script", "<!--"])
    }

    /// The text as a browser reads it, since it is that which has the hash (HTML, §13.2.3.5).
    fn new(file: &str, text: &str, never: &[&str]) -> Result<Self, SiteError> {
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
        let lower = text.to_ascii_lowercase();
        let found = never.iter().find_map(|never| Some((lower.find(never)?, never)));
        match found {
            Some((at, never)) => {
                let remedy = "it stands within a page, so write it in another way";
                Err(fault(file, &text, at, format!("`{never}`: {remedy}")))
            }
            None => Ok(Self(text)),
        }
    }

    /// The source expression that allows it (CSP Level 3, §2.3.1).
    pub(crate) fn source(&self) -> String {
        format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(&self.0)))
    }

    /// The text, for a template.
    pub(crate) fn value(&self) -> Value {
        Value::from_safe_string(self.0.clone())
    }
}

fn fault(file: &str, text: &str, at: usize, message: String) -> SiteError {
    let (line, _) = place(text, at);
    SiteError::Theme { place: format!("{file}:{line}"), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_hashed_as_a_browser_reads_it() {
        let script = Inline::script("a.js", "\u{feff}alert(\r\n1)\r").unwrap();

        assert_eq!(script.0, "alert(\n1)\n");
        // printf 'alert(\n1)\n' | openssl dgst -sha256 -binary | base64
        assert_eq!(script.source(), "'sha256-8U5dG6CPd9JVMOIsN0nA6+XctODmjeXiHt5nO0Z59X8='");
    }

    #[test]
    fn what_cannot_stand_within_a_page_is_named_with_its_line() {
        let wrong = |result: Result<Inline, SiteError>| result.unwrap_err().to_string();

        for (style, place) in [
            ("a{}\nb::after{content:'</STYLE>'}", "x.css:2: `</style`"),
            ("a{}\n\nb{background:url( \"pic/a.png\")}", "x.css:3: `url(pic/a.png)`"),
        ] {
            let error = wrong(Inline::style("x.css", style));
            assert!(error.starts_with(place), "{error}");
        }
        for script in ["\n'</script>'", "\n// <!--", "\n'<script>'"] {
            let error = wrong(Inline::script("x.js", script));
            assert!(error.starts_with("x.js:2: `"), "{error}");
        }
        for style in
            ["a{b:url(/a.png)}", "a{b:url('data:,')}", "a{b:url(#c)}", "a{b:url( https://c/d)}"]
        {
            assert!(Inline::style("x.css", style).is_ok(), "{style}");
        }
    }
}
