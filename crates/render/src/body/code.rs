//! Code blocks: highlighted, with the language's name, marked lines, and a fold if they are long.

use crate::highlight;
use crate::html::escaped;
use crate::language::Words;
use comrak::nodes::NodeCodeBlock;
use std::ops::RangeInclusive;

/// A block of more lines is folded; about what a desktop shows at once.
const MAX_LINES: usize = 40;

/// The HTML of `block`.
pub(super) fn html(block: &NodeCodeBlock, words: &Words) -> String {
    let language = highlight::language(&block.info);
    let marked = Marks::of(&block.info);
    let code = highlight::highlight(&block.info, &block.literal, &marked);
    let name = match language.as_str() {
        "" | "text" | "txt" | "plain" | "plaintext" => String::new(),
        language => format!(" data-language=\"{}\"", escaped(language)),
    };
    let lines = block.literal.lines().count();
    let (class, fold) = if lines > MAX_LINES {
        let fold = format!(
            "<details class=\"fold\"><summary><span>{}</span><span>{}</span></summary></details>",
            words.show_all(lines),
            words.show_less
        );
        ("code long", fold)
    } else {
        ("code", String::new())
    };
    format!(
        "<div class=\"{class}\"{name}>{fold}<pre tabindex=\"0\"><code>{code}</code></pre></div>\n"
    )
}

/// The lines that the info string marks: `go {2,5-7}`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks(Vec<RangeInclusive<usize>>);

impl Marks {
    fn of(info: &str) -> Self {
        let braced = info.split_once('{').and_then(|(_, behind)| behind.split_once('}'));
        let list = braced.map_or("", |(within, _)| within);
        let range = |part: &str| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            Some(from.trim().parse().ok()?..=to.trim().parse().ok()?)
        };
        Self(list.split(',').filter_map(range).collect())
    }

    /// Whether line `number`, counted from 1, is marked.
    pub(crate) fn has(&self, number: usize) -> bool {
        self.0.iter().any(|range| range.contains(&number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_lines_are_read_from_the_info_string() {
        assert_eq!(Marks::of("go {1,3-4}"), Marks(vec![1..=1, 3..=4]));
        assert_eq!(Marks::of("go {a,-}"), Marks::default());
        assert!(Marks::of("{2 - 3}").has(3));
    }
}
