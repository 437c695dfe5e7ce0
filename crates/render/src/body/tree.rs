//! What is changed on the syntax tree before it is written.

use super::code;
use crate::diagnostic::Report;
use crate::html::{escaped, sanitize, tag_name};
use crate::language::Words;
use comrak::nodes::{Node, NodeHtmlBlock, NodeMath, NodeValue};
use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

/// Puts finished HTML in the place of code blocks and formulas, and safe HTML in the place of raw
/// HTML. Returns the formulas that cannot be read, with what is wrong and where.
pub(super) fn replace(root: Node<'_>, words: &Words, body_line: usize, report: &mut Report) {
    let mut formulas: Option<LatexToMathML> = None;
    for node in root.descendants() {
        let mut ast = node.data_mut();
        let replaced = match &ast.value {
            NodeValue::CodeBlock(block) => html_block(code::html(block, words)),
            NodeValue::HtmlBlock(block) => html_block(sanitize(&block.literal)),
            NodeValue::HtmlInline(raw) => NodeValue::HtmlInline(sanitize(raw)),
            NodeValue::Math(math) => {
                if formulas.is_none() {
                    formulas = LatexToMathML::new(MathCoreConfig::default()).ok();
                }
                let start = ast.sourcepos.start;
                let at = (body_line + start.line.max(1) - 1, start.column.max(1));
                let html = formula(math, formulas.as_ref()).unwrap_or_else(|message| {
                    let remedy = "mend the formula, or write `\\$` for a dollar sign";
                    report.warning(at, "bad-formula", message, remedy);
                    format!("<code>{}</code>", escaped(&math.literal))
                });
                NodeValue::HtmlInline(html)
            }
            _ => continue,
        };
        ast.value = replaced;
    }
}

/// `MathML`, so that a reader needs no script for it.
fn formula(math: &NodeMath, formulas: Option<&LatexToMathML>) -> Result<String, String> {
    let display = if math.display_math { MathDisplay::Block } else { MathDisplay::Inline };
    let formulas = formulas.ok_or("formulas cannot be rendered")?;
    let rendered = formulas.convert_with_local_state(math.literal.trim(), display);
    rendered.map(|found| found.mathml).map_err(|error| format!("the formula is wrong: {error}"))
}

/// A block of finished HTML; the kind matters only to the parser, which is done.
fn html_block(literal: String) -> NodeValue {
    NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal })
}

/// Makes text of every tag within a line that lacks its other half, so that `# Chapter <Summary>`
/// keeps its word and nothing stays open.
pub(super) fn lone_tags(root: Node<'_>) {
    let tag = |node: Node<'_>| match &node.data().value {
        NodeValue::HtmlInline(raw) => tag_name(raw),
        _ => None,
    };
    let is_lone = |node: &Node<'_>| {
        let Some((name, is_closing)) = tag(node) else { return false };
        let half = |other: Node<'_>| tag(other) == Some((name.clone(), !is_closing));
        let has_half = if is_closing {
            node.preceding_siblings().skip(1).any(half)
        } else {
            node.following_siblings().skip(1).any(half)
        };
        !has_half && !matches!(name.as_str(), "br" | "hr")
    };
    let lone: Vec<Node<'_>> = root.descendants().filter(is_lone).collect();
    for node in lone {
        let mut ast = node.data_mut();
        if let NodeValue::HtmlInline(raw) = &ast.value {
            ast.value = NodeValue::Text(raw.clone().into());
        }
    }
}

/// Takes away the line breaks that would show as a blank between two Chinese characters, as the
/// segment break transformation of CSS Text 4 (§4.1.3) does it.
pub(super) fn join_lines(root: Node<'_>) {
    let breaks: Vec<Node<'_>> = root
        .descendants()
        .filter(|node| matches!(node.data().value, NodeValue::SoftBreak))
        .collect();
    for node in breaks {
        let before = node.previous_sibling().and_then(|node| edge(node, false));
        let after = node.next_sibling().and_then(|node| edge(node, true));
        if let (Some(before), Some(after)) = (before, after)
            && (is_wide_mark(before) || is_wide_mark(after) || (is_wide(before) && is_wide(after)))
        {
            node.detach();
        }
    }
}

/// The first or last character of the words below `node`.
fn edge(node: Node<'_>, is_first: bool) -> Option<char> {
    let of = |text: &str| if is_first { text.chars().next() } else { text.chars().next_back() };
    match &node.data().value {
        NodeValue::Text(text) => return of(text),
        NodeValue::Code(code) => return of(&code.literal),
        _ => {}
    }
    let child = if is_first { node.first_child() } else { node.last_child() };
    child.and_then(|child| edge(child, is_first))
}

/// Characters of scripts that are written without blanks.
fn is_wide(c: char) -> bool {
    is_wide_mark(c)
        || matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Full-width punctuation, and the quotation marks that Chinese shares with Latin are not in it.
fn is_wide_mark(c: char) -> bool {
    matches!(c, '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301b}'
        | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}'
        | '\u{ff5b}'..='\u{ff65}')
}

/// A picture that stands alone becomes a figure, with its title below it.
pub(super) fn figures(root: Node<'_>) {
    let alone = |node: &Node<'_>| {
        let child = node.first_child()?;
        if !matches!(node.data().value, NodeValue::Paragraph) || child.next_sibling().is_some() {
            return None;
        }
        match &child.data().value {
            NodeValue::HtmlInline(html)
                if html.starts_with("<img ") || html.starts_with("<picture>") =>
            {
                Some(html.clone())
            }
            _ => None,
        }
    };
    let found: Vec<_> = root.descendants().filter_map(|node| Some((node, alone(&node)?))).collect();
    for (node, image) in found {
        let title = image.split_once(" title=\"").and_then(|(_, rest)| rest.split_once('"'));
        let caption = title.map(|(title, _)| format!("<figcaption>{title}</figcaption>"));
        let html = format!("<figure>{image}{}</figure>\n", caption.unwrap_or_default());
        if let Some(child) = node.first_child() {
            child.detach();
        }
        node.data_mut().value = html_block(html);
    }
}
