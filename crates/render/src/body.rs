//! The body: Markdown to HTML, with links resolved on the syntax tree.

mod link;
mod plain;

use crate::anchor::{self, Anchors};
use crate::diagnostic::{Diagnostic, Report};
use crate::header::Reading;
use crate::html::{escaped, sanitize};
use crate::{highlight, words};
use comrak::adapters::{HeadingAdapter, HeadingMeta};
use comrak::nodes::{Node, NodeCodeBlock, NodeHtmlBlock, NodeValue, Sourcepos};
use comrak::{Arena, Options, options::Plugins};
use domain::Heading;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a link or a picture points at, as the site knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resolved {
    /// A page or file of this site.
    Page {
        /// Its URL.
        url: String,
    },
    /// A picture of this site.
    Picture {
        /// Its URL.
        url: String,
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// Nothing is there.
    Missing {
        /// What may have been meant.
        suggestion: Option<String>,
    },
}

/// Knows the site around a post. Targets are percent-decoded and without `#fragment`.
pub trait Resolver {
    /// What a relative link, or one that begins with `/`, points at.
    fn link(&self, target: &str) -> Resolved;
    /// What a relative picture points at.
    fn picture(&self, target: &str) -> Resolved;
}

/// A link to an anchor, to be checked when all posts are rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FragmentLink {
    /// The URL of the page, or `None` for this one.
    pub url: Option<String>,
    /// The anchor, percent-decoded.
    pub fragment: String,
    /// Where the link stands in the file.
    pub line: usize,
    /// Where the link stands in its line.
    pub col: usize,
}

/// A rendered post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// The body.
    pub html: String,
    /// Its headings, in order.
    pub outline: Vec<Heading>,
    /// Its text, for search.
    pub text: String,
    /// See [`crate::count_words`].
    pub words: u32,
    /// Minutes that reading takes.
    pub minutes: u32,
    /// Every id and alias that a link may name.
    pub anchors: Vec<String>,
    /// Links to anchors, to be checked.
    pub fragments: Vec<FragmentLink>,
    /// Problems found in the body.
    pub diagnostics: Vec<Diagnostic>,
}

/// Renders the body of `reading`. Never fails: what is wrong is in [`Rendered::diagnostics`].
#[must_use]
pub fn render(file: &str, reading: &Reading, resolver: &dyn Resolver) -> Rendered {
    let options = options();
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, &reading.body, &options);
    let mut report = Report::new(file);

    let text = plain::text(root);
    let headings = headings(root);
    let titles: Vec<String> = headings.iter().map(|node| plain::line(node)).collect();
    let anchors = anchor::assign(&titles);
    let outline = outline(&headings, &titles, &anchors);
    for node in root.descendants() {
        replace(node);
    }
    let mut links = link::Links::new(resolver, reading.body_line, &mut report);
    // Pictures lose their children on the way, so the tree is walked first and changed then.
    for node in root.descendants().collect::<Vec<_>>() {
        links.resolve(node);
    }
    let fragments = links.finish();

    let adapter = Headings { anchors: &anchors, next: AtomicUsize::new(0) };
    let mut plugins = Plugins::default();
    plugins.render.heading_adapter = Some(&adapter);
    let mut html = String::with_capacity(reading.body.len() * 3 / 2);
    comrak::format_html_with_plugins(root, &options, &mut html, &plugins)
        .unwrap_or_else(|_: fmt::Error| unreachable!("a string takes whatever is written to it"));
    let words = words::count(&text);
    let anchors =
        anchors.into_iter().flat_map(|a| std::iter::once(a.id).chain(a.aliases)).collect();
    Rendered {
        html,
        outline,
        text,
        words,
        minutes: words::minutes(words),
        anchors,
        fragments,
        diagnostics: report.found,
    }
}

/// `CommonMark` and GFM, as tolerant as GitHub. Raw HTML is not comrak's to judge: [`replace`] has
/// made every piece of it safe before it is written.
fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    options.extension.description_lists = true;
    options.extension.cjk_friendly_emphasis = true;
    options.parse.relaxed_tasklist_matching = true;
    options.parse.sourcepos_chars = true;
    options.render.r#unsafe = true;
    options
}

fn headings(root: Node<'_>) -> Vec<Node<'_>> {
    root.descendants().filter(|node| matches!(node.data().value, NodeValue::Heading(_))).collect()
}

fn outline(headings: &[Node<'_>], titles: &[String], anchors: &[Anchors]) -> Vec<Heading> {
    let level = |node: &Node<'_>| match node.data().value {
        NodeValue::Heading(heading) => heading.level,
        _ => 1,
    };
    let entries = headings.iter().zip(titles).zip(anchors);
    let heading = |((node, text), anchors): ((&Node<'_>, &String), &Anchors)| Heading {
        level: level(node),
        text: text.clone(),
        id: anchors.id.clone(),
    };
    entries.map(heading).collect()
}

/// Puts finished HTML in the place of code blocks, and safe HTML in the place of raw HTML.
fn replace(node: Node<'_>) {
    let mut ast = node.data_mut();
    let replaced = match &ast.value {
        NodeValue::CodeBlock(block) => html_block(code_block(block)),
        NodeValue::HtmlBlock(block) => html_block(sanitize(&block.literal)),
        NodeValue::HtmlInline(raw) => NodeValue::HtmlInline(sanitize(raw)),
        _ => return,
    };
    ast.value = replaced;
}

/// A block of finished HTML; the kind matters only to the parser, which is done.
fn html_block(literal: String) -> NodeValue {
    NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal })
}

fn code_block(block: &NodeCodeBlock) -> String {
    let language = highlight::language(&block.info);
    let code = highlight::highlight(&block.info, &block.literal)
        .unwrap_or_else(|| escaped(&block.literal));
    if language.is_empty() {
        format!("<pre tabindex=\"0\"><code>{code}</code></pre>\n")
    } else {
        let language = escaped(&language);
        format!("<pre tabindex=\"0\" data-language=\"{language}\"><code>{code}</code></pre>\n")
    }
}

/// Writes headings with their anchors, which were assigned in the same order.
struct Headings<'a> {
    anchors: &'a [Anchors],
    next: AtomicUsize,
}

impl HeadingAdapter for Headings<'_> {
    fn enter(
        &self,
        output: &mut dyn fmt::Write,
        heading: &HeadingMeta,
        _: Option<Sourcepos>,
    ) -> fmt::Result {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(anchors) = self.anchors.get(index) else {
            return write!(output, "<h{}>", heading.level);
        };
        write!(output, "<h{} id=\"{}\">", heading.level, escaped(&anchors.id))?;
        anchors
            .aliases
            .iter()
            .try_for_each(|alias| write!(output, "<span id=\"{}\"></span>", escaped(alias)))
    }

    fn exit(&self, output: &mut dyn fmt::Write, heading: &HeadingMeta) -> fmt::Result {
        writeln!(output, "</h{}>", heading.level)
    }
}

#[cfg(test)]
mod tests;
