//! The body: Markdown to HTML, with links resolved on the syntax tree.

mod code;
mod link;
mod plain;
mod tree;
mod write;

use crate::anchor::{self, Anchors};
use crate::diagnostic::{Diagnostic, Report};
use crate::header::Reading;
use crate::language::Words;
use crate::words;
use comrak::nodes::{Node, NodeValue};
use comrak::{Arena, Options};
use domain::Heading;
use serde::{Deserialize, Serialize};

pub(crate) use self::code::Marks;

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
        /// The same picture, smaller, narrowest first.
        variants: Vec<Variant>,
    },
    /// Nothing is there.
    Missing {
        /// What may have been meant.
        suggestion: Option<String>,
    },
}

/// A smaller form of a picture, which a browser may take instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Its URL.
    pub url: String,
    /// Its media type.
    pub content_type: String,
    /// In pixels.
    pub width: u32,
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

/// What decides how a body is rendered, beside its text and the site around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner<'a> {
    /// BCP 47: the language of what a body says by itself, such as titles of alerts.
    pub language: &'a str,
    /// Whether `$…$` is a formula.
    pub math: bool,
}

/// Renders the body of `reading`. Never fails: what is wrong is in [`Rendered::diagnostics`].
#[must_use]
pub fn render(
    file: &str,
    reading: &Reading,
    manner: Manner<'_>,
    resolver: &dyn Resolver,
) -> Rendered {
    let words = Words::of(manner.language);
    let options = options(manner.math);
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, &reading.body, &options);
    let mut report = Report::new(file);

    tree::lone_tags(root);
    tree::join_lines(root);
    let text = plain::text(root);
    let headings = headings(root);
    let titles: Vec<String> = headings.iter().map(|node| plain::line(node)).collect();
    let anchors = anchor::assign(&titles);
    let outline = outline(&headings, &titles, &anchors);
    tree::replace(root, words, reading.body_line, &mut report);
    let mut links = link::Links::new(resolver, reading.body_line, &mut report);
    // Pictures lose their children on the way, so the tree is walked first and changed then.
    for node in root.descendants().collect::<Vec<_>>() {
        links.resolve(node);
    }
    let fragments = links.finish();

    tree::figures(root);

    let depths = domain::nested(&outline);
    let headings = write::Headings::new(&anchors, &depths);
    let html = write::html(root, &options, &headings, words, reading.body.len());
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

/// `CommonMark` and GFM, as tolerant as GitHub. Raw HTML is not comrak's to judge:
/// [`tree::replace`] has made every piece of it safe before it is written.
fn options(math: bool) -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    options.extension.description_lists = true;
    options.extension.cjk_friendly_emphasis = true;
    options.extension.math_dollars = math;
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

#[cfg(test)]
mod tests;
