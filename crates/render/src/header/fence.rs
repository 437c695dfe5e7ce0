//! Finding the header block at the beginning of a file.

use crate::diagnostic::Report;

/// The header block and what follows it.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) syntax: Syntax,
    /// The text between the fences.
    pub(super) text: &'a str,
    /// The line of the file at which `text` begins, counted from 1.
    pub(super) line: usize,
    pub(super) body: &'a str,
    pub(super) body_line: usize,
}

/// How the block is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Yaml,
}

/// Splits `text` behind its header. `None` if it does not begin with one.
pub(super) fn split<'a>(text: &'a str, report: &mut Report) -> Option<Block<'a>> {
    let start = text.len() - text.trim_start().len();
    let line = text[..start].matches('\n').count() + 1;
    let text = &text[start..];
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let fence = first.len() - first.trim_start_matches('`').len();
    let syntax = syntax(&first[fence..]).filter(|_| fence >= 3)?;

    let mut offset = 0;
    for (index, candidate) in rest.split_inclusive('\n').enumerate() {
        if closes(candidate, fence) {
            return Some(Block {
                syntax,
                text: &rest[..offset],
                line: line + 1,
                body: &rest[offset + candidate.len()..],
                body_line: line + index + 2,
            });
        }
        offset += candidate.len();
    }
    report.error(
        (line, 1),
        "header-unclosed",
        "the header block is never closed",
        format!("put a line with `{}` behind it", &first[..fence]),
    );
    Some(Block { syntax, text: rest, line: line + 1, body: "", body_line: line + 1 })
}

fn syntax(info: &str) -> Option<Syntax> {
    let mut words = info.split_whitespace();
    let syntax = match words.next()? {
        "json" => Syntax::Json,
        "yaml" => Syntax::Yaml,
        _ => return None,
    };
    (words.next() == Some("lw-blog-meta") && words.next().is_none()).then_some(syntax)
}

fn closes(line: &str, fence: usize) -> bool {
    let line = line.trim();
    line.len() >= fence && line.bytes().all(|byte| byte == b'`')
}
