//! Links and pictures: resolved against the site, and what is wrong with them.

use super::{FragmentLink, Resolved, Resolver, Variant};
use crate::diagnostic::{Place, Report};
use crate::html::escaped;
use comrak::nodes::{Node, NodeLink, NodeValue};
use percent_encoding::percent_decode_str;
use std::fmt::Write;

/// Resolves the links of one post.
pub(super) struct Links<'r, 'f, 's> {
    resolver: &'s dyn Resolver,
    body_line: usize,
    report: &'r mut Report<'f>,
    fragments: Vec<FragmentLink>,
}

impl<'r, 'f, 's> Links<'r, 'f, 's> {
    pub(super) fn new(
        resolver: &'s dyn Resolver,
        body_line: usize,
        report: &'r mut Report<'f>,
    ) -> Self {
        Self { resolver, body_line, report, fragments: Vec::new() }
    }

    pub(super) fn finish(self) -> Vec<FragmentLink> {
        self.fragments
    }

    /// Resolves `node` if it is a link or a picture.
    pub(super) fn resolve(&mut self, node: Node<'_>) {
        let mut ast = node.data_mut();
        let at = (
            self.body_line + ast.sourcepos.start.line.max(1) - 1,
            ast.sourcepos.start.column.max(1),
        );
        match &mut ast.value {
            NodeValue::Link(link) => self.link(link, at),
            NodeValue::Image(image) => {
                let image = std::mem::take(image.as_mut());
                drop(ast);
                let alt = super::plain::line(node);
                let html = self.picture(&image, &alt, at);
                while let Some(child) = node.first_child() {
                    child.detach();
                }
                node.data_mut().value = NodeValue::HtmlInline(html);
            }
            _ => {}
        }
    }

    fn link(&mut self, link: &mut NodeLink, at: Place) {
        let url = link.url.trim().to_owned();
        if url.is_empty() {
            self.report.warning(at, "empty-link", "the link goes nowhere", "give it an address");
            return;
        }
        if let Some(fragment) = url.strip_prefix('#') {
            self.note_fragment(None, fragment, at);
            return;
        }
        match scheme(&url) {
            Some("http" | "https" | "mailto" | "tel" | "ftp") => return,
            Some(scheme) => {
                let message = format!("a link with `{scheme}:` is not shown to readers");
                self.report.warning(at, "unsafe-link", message, "link to an http or https address");
                link.url = String::new();
                return;
            }
            None if url.starts_with("//") => return,
            None => {}
        }
        if is_host(&url) {
            let message = format!("`{url}` has no scheme, so it is read as a file of this blog");
            self.report.warning(
                at,
                "link-without-scheme",
                message,
                format!("write `https://{url}`"),
            );
            link.url = format!("https://{url}");
            return;
        }
        self.inner_link(link, &url, at);
    }

    fn inner_link(&mut self, link: &mut NodeLink, url: &str, at: Place) {
        let (target, fragment) = match url.split_once('#') {
            Some((target, fragment)) => (target, Some(fragment)),
            None => (url, None),
        };
        match self.resolver.link(&decoded(target)) {
            Resolved::Page { url: found } | Resolved::Picture { url: found, .. } => {
                link.url.clone_from(&found);
                if let Some(fragment) = fragment {
                    link.url.push('#');
                    link.url.push_str(fragment);
                    self.note_fragment(Some(found), fragment, at);
                }
            }
            Resolved::Missing { suggestion } => {
                let message = format!("nothing is at `{}`", decoded(target));
                let remedy = remedy(suggestion, "correct the link or remove it");
                self.report.warning(at, "broken-link", message, remedy);
            }
        }
    }

    fn note_fragment(&mut self, url: Option<String>, fragment: &str, (line, col): Place) {
        if !fragment.is_empty() {
            self.fragments.push(FragmentLink { url, fragment: decoded(fragment), line, col });
        }
    }

    fn picture(&mut self, image: &NodeLink, alt: &str, at: Place) -> String {
        if alt.is_empty() {
            let remedy = "say between the brackets what the picture shows";
            self.report.warning(at, "empty-alt", "the picture has no alternative text", remedy);
        }
        let mut html = format!("<img src=\"{}\" alt=\"{}\"", escaped(&image.url), escaped(alt));
        let mut smaller = String::new();
        let source = image.url.trim();
        match scheme(source) {
            Some("http" | "https") => {}
            None if source.starts_with("//") => {}
            Some(_) => {
                let remedy = "put the picture beside the post and link to its file";
                self.report.warning(at, "unsafe-picture", "the picture is not a file", remedy);
                return escaped(alt);
            }
            None => match self.resolver.picture(&decoded(source)) {
                Resolved::Picture { url, width, height, variants } => {
                    html = format!("<img src=\"{}\" alt=\"{}\"", escaped(&url), escaped(alt));
                    let _ = write!(html, " width=\"{width}\" height=\"{height}\"");
                    smaller = sources(&variants, width);
                }
                Resolved::Page { url } => {
                    html = format!("<img src=\"{}\" alt=\"{}\"", escaped(&url), escaped(alt));
                }
                Resolved::Missing { suggestion } => {
                    let message = format!("there is no picture at `{}`", decoded(source));
                    let remedy = remedy(suggestion, "add the file or correct its name");
                    self.report.warning(at, "missing-picture", message, remedy);
                }
            },
        }
        if !image.title.is_empty() {
            let _ = write!(html, " title=\"{}\"", escaped(&image.title));
        }
        html.push_str(" loading=\"lazy\" decoding=\"async\">");
        if smaller.is_empty() { html } else { format!("<picture>{smaller}{html}</picture>") }
    }
}

/// The widest that a picture is shown, in CSS pixels: the theme's column on its largest screen.
const COLUMN: u32 = 722;
/// What is beside the column on a narrow screen.
const GUTTERS: u32 = 46;

/// The `<source>` elements for the `variants` of a picture that is `width` pixels wide, one for each
/// media type in the order in which they come.
fn sources(variants: &[Variant], width: u32) -> String {
    let shown = width.min(COLUMN);
    let mut html = String::new();
    for of_type in variants.chunk_by(|one, next| one.content_type == next.content_type) {
        let set: Vec<String> = of_type
            .iter()
            .map(|variant| format!("{} {}w", escaped(&variant.url), variant.width))
            .collect();
        let _ = write!(
            html,
            "<source type=\"{}\" srcset=\"{}\" sizes=\"(min-width: {}px) {shown}px, \
             calc(100vw - {GUTTERS}px)\">",
            escaped(&of_type[0].content_type),
            set.join(", "),
            shown + GUTTERS,
        );
    }
    html
}

fn remedy(suggestion: Option<String>, otherwise: &str) -> String {
    suggestion.map_or_else(|| otherwise.to_owned(), |meant| format!("did you mean `{meant}`?"))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The scheme of a URL (RFC 3986 §3.1), as written in lowercase.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !is_scheme {
        return None;
    }
    let known = ["http", "https", "mailto", "tel", "ftp"];
    Some(known.into_iter().find(|known| known.eq_ignore_ascii_case(scheme)).unwrap_or(scheme))
}

/// Endings by which a host name is told from a file name.
const ENDINGS: [&str; 14] =
    ["com", "cn", "net", "org", "io", "dev", "me", "edu", "gov", "info", "cc", "tv", "top", "xyz"];

/// Whether a relative link is a host name that lost its scheme: `wandoujia.com`, `www.x.org/y`.
fn is_host(url: &str) -> bool {
    let host = url.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((name, ending)) = host.rsplit_once('.') else { return false };
    !name.is_empty()
        && ENDINGS.contains(&ending.to_ascii_lowercase().as_str())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}
