//! The part of a text where a query was found, as safe HTML.

use crate::fold::folded;

/// Characters shown before the first match.
const BEFORE: usize = 24;
/// Characters shown in all.
const LENGTH: usize = 120;

/// A text with the places where terms were found.
struct Marked {
    chars: Vec<char>,
    is_hit: Vec<bool>,
}

impl Marked {
    fn new(text: &str, terms: &[String]) -> Self {
        let chars: Vec<char> = text.chars().collect();
        // Folding may make several characters of one, so each remembers where it came from.
        let (mut folded_text, mut origin) = (String::new(), Vec::new());
        for (index, char) in chars.iter().enumerate() {
            for folded in folded(*char) {
                folded_text.push(folded);
                origin.resize(folded_text.len(), index);
            }
        }
        let mut is_hit = vec![false; chars.len()];
        for term in terms {
            for (at, _) in folded_text.match_indices(term.as_str()) {
                for origin in &origin[at..at + term.len()] {
                    is_hit[*origin] = true;
                }
            }
        }
        Self { chars, is_hit }
    }

    /// The characters from `first` on, at most `length`, with the hits in `<mark>`.
    fn html(&self, first: usize, length: usize) -> String {
        let mut html = String::new();
        let mut is_open = false;
        for (char, is_hit) in self.chars.iter().zip(&self.is_hit).skip(first).take(length) {
            if *is_hit != is_open {
                html.push_str(if *is_hit { "<mark>" } else { "</mark>" });
                is_open = *is_hit;
            }
            match char {
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '&' => html.push_str("&amp;"),
                '"' => html.push_str("&quot;"),
                '\'' => html.push_str("&#39;"),
                char if char.is_whitespace() => html.push(' '),
                char => html.push(*char),
            }
        }
        if is_open {
            html.push_str("</mark>");
        }
        html
    }
}

/// All of `text`, with the terms in `<mark>`.
pub(crate) fn whole(text: &str, terms: &[String]) -> String {
    Marked::new(text, terms).html(0, usize::MAX)
}

/// The part of `text` around the first term found in it.
pub(crate) fn around(text: &str, terms: &[String]) -> String {
    let marked = Marked::new(text, terms);
    let hit = marked.is_hit.iter().position(|is_hit| *is_hit).unwrap_or(0);
    let first = hit.saturating_sub(BEFORE);
    let (before, after) = (
        if first > 0 { "…" } else { "" },
        if first + LENGTH < marked.chars.len() { "…" } else { "" },
    );
    format!("{before}{}{after}", marked.html(first, LENGTH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_found_is_marked_and_everything_else_is_text() {
        let terms = ["redis缓存".to_owned(), "<b>".to_owned()];

        let html = whole("a ＲＥＤＩＳ缓存 <B> & c", &terms);

        assert_eq!(html, "a <mark>ＲＥＤＩＳ缓存</mark> <mark>&lt;B&gt;</mark> &amp; c");
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_match() {
        let text = format!("{}墨栈{}", "前".repeat(100), "后".repeat(200));

        let html = around(&text, &["墨栈".to_owned()]);

        assert!(html.starts_with("…前") && html.ends_with("后…"), "{html}");
        assert!(html.contains("前<mark>墨栈</mark>后"), "{html}");
    }

    proptest! {
        #[test]
        fn no_text_breaks_out_of_its_snippet(text in "\\PC{0,40}", term in "\\PC{1,4}") {
            let html = around(&text, &[crate::fold::fold(&term)]);
            let rest = html.replace("<mark>", "").replace("</mark>", "");
            prop_assert!(!rest.contains(['<', '>', '"', '\'']), "{}", html);
        }
    }
}
