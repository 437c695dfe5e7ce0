//! The words of a syntax tree, without markup.

use comrak::nodes::{Node, NodeValue};

/// The whole body as text: one line for each block, code included.
pub(super) fn text(root: Node<'_>) -> String {
    let mut text = String::new();
    for node in root.descendants() {
        let ast = node.data();
        match &ast.value {
            NodeValue::CodeBlock(block) => {
                start_line(&mut text);
                text.push_str(block.literal.trim_end());
            }
            value if value.block() => start_line(&mut text),
            value => append(value, &mut text),
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The words below one node on one line.
pub(super) fn line(node: Node<'_>) -> String {
    let mut text = String::new();
    for child in node.descendants().skip(1) {
        append(&child.data().value, &mut text);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn start_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

fn append(value: &NodeValue, text: &mut String) {
    match value {
        NodeValue::Text(words) => text.push_str(words),
        NodeValue::Code(code) => text.push_str(&code.literal),
        NodeValue::Math(math) => text.push_str(&math.literal),
        // What the allow-list passes is markup; the rest is shown, and so is text.
        NodeValue::HtmlInline(raw) if crate::html::sanitize(raw).starts_with("&lt;") => {
            text.push_str(raw);
        }
        NodeValue::SoftBreak | NodeValue::LineBreak => text.push(' '),
        _ => {}
    }
}
