//! The part of a text where a query was found, as safe HTML.

use crate::document::{Document, Field};
use crate::fold::Folding;
use crate::query::Term;
use std::ops::Range;

/// Characters shown before the first match.
const BEFORE: usize = 24;
/// Characters shown in all.
const LENGTH: usize = 120;

/// All of `text`, with the terms in `<mark>`.
pub(crate) fn whole(text: &str, terms: &[Term]) -> String {
    let (mut folded, mut folding) = (String::with_capacity(text.len()), Folding::new());
    let chars: Vec<_> = text
        .chars()
        .map(|char| {
            let at = folded.len();
            folding.push(char, &mut folded);
            (at, char)
        })
        .collect();
    let end = folded.len();
    html(&chars, end, &marks(&folded, 0..end, terms))
}

/// The part of the document's text with the most terms; its summary if there is none.
pub(crate) fn around(document: &Document, terms: &[Term]) -> String {
    let text = document.field(Field::Text);
    let places: Vec<usize> = terms.iter().filter_map(|term| term.find(text)).collect();
    let brev = &document.summary.brev;
    if places.is_empty() && !brev.is_empty() {
        return whole(brev, terms);
    }
    let windows = places.into_iter().map(|place| window(text, place));
    let count = |window: &Range<usize>| {
        let part = &text[window.clone()];
        terms.iter().filter(|term| term.find(part).is_some()).count()
    };
    // Of equals, the first.
    let best = windows.reduce(|best, next| if count(&next) > count(&best) { next } else { best });
    let best = best.unwrap_or_else(|| window(text, 0));
    let (before, after) =
        (if best.start > 0 { "…" } else { "" }, if best.end < text.len() { "…" } else { "" });
    let shown = html(&document.shown(best.clone()), best.end, &marks(text, best, terms));
    format!("{before}{shown}{after}")
}

/// What is shown of `text` for a match at `place`.
fn window(text: &str, place: usize) -> Range<usize> {
    let before = text[..place].char_indices().rev().take(BEFORE).last();
    let start = before.map_or(place, |(at, _)| at);
    let after = text[start..].char_indices().nth(LENGTH);
    start..after.map_or(text.len(), |(at, _)| start + at)
}

/// Which bytes of `text` in `part` belong to a term.
struct Marks {
    first: usize,
    is_hit: Vec<bool>,
}

fn marks(text: &str, part: Range<usize>, terms: &[Term]) -> Marks {
    let mut is_hit = vec![false; part.len()];
    for term in terms {
        // A match may begin before the part, or end after it.
        let mut first = part.start.saturating_sub(term.text.len());
        while !text.is_char_boundary(first) {
            first -= 1;
        }
        let mut last = text.len().min(part.end + term.text.len());
        while !text.is_char_boundary(last) {
            last += 1;
        }
        for at in term.find_iter(&text[first..last]) {
            let start = (first + at).max(part.start);
            let end = (first + at + term.text.len()).min(part.end);
            for byte in start..end {
                is_hit[byte - part.start] = true;
            }
        }
    }
    Marks { first: part.start, is_hit }
}

/// `chars`, each with the place of its folded form, with the hits in `<mark>`.
fn html(chars: &[(usize, char)], end: usize, marks: &Marks) -> String {
    let mut html = String::with_capacity(4 * chars.len());
    let mut is_open = false;
    for (index, (at, char)) in chars.iter().enumerate() {
        let next = chars.get(index + 1).map_or(end, |(next, _)| *next);
        // What is nothing when folded belongs to what stands before it.
        let is_hit = if next > *at {
            marks.is_hit[at - marks.first..next - marks.first].contains(&true)
        } else {
            is_open
        };
        if is_hit != is_open {
            html.push_str(if is_hit { "<mark>" } else { "</mark>" });
            is_open = is_hit;
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use test_kit::post;

    fn terms(texts: &[&str]) -> Vec<Term> {
        texts.iter().map(|text| Term::new(crate::fold::fold(text))).collect()
    }

    fn shown(text: &str, of: &[&str]) -> String {
        let mut post = post("a", "2026-01-01", &[], 1);
        post.text = text.to_owned();
        around(&Document::new(post), &terms(of))
    }

    #[test]
    fn what_was_found_is_marked_and_everything_else_is_text() {
        let html =
            whole("a ＲＥＤＩＳ缓存 <B> & cafe\u{301}s", &terms(&["redis緩存", "<b>", "café"]));

        let expected = "a <mark>ＲＥＤＩＳ缓存</mark> <mark>&lt;B&gt;</mark> &amp; \
                        <mark>cafe\u{301}</mark>s";
        assert_eq!(html, expected);
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_match() {
        let text = format!("{}墨棧{}", "前".repeat(100), "后".repeat(200));

        let html = shown(&text, &["墨栈"]);

        assert!(html.starts_with("…前") && html.ends_with("后…"), "{html}");
        assert!(html.contains("前<mark>墨棧</mark>后"), "{html}");
    }

    #[test]
    fn the_part_with_most_terms_is_shown() {
        let text = format!("Redis {} Redis 与 Mongo", "字".repeat(200));

        let html = shown(&text, &["mongo", "redis"]);

        assert!(html.ends_with("<mark>Redis</mark> 与 <mark>Mongo</mark>"), "{html}");
        assert_eq!(shown("nothing", &["version 1"]), "What a says, <mark>version 1</mark>");
    }

    proptest! {
        #[test]
        fn no_text_breaks_out_of_its_snippet(text in "\\PC{0,40}", term in "\\PC{1,4}") {
            for html in [shown(&text, &[&term]), whole(&text, &terms(&[&term]))] {
                let rest = html.replace("<mark>", "").replace("</mark>", "");
                prop_assert!(!rest.contains(['<', '>', '"', '\'']), "{}", html);
            }
        }
    }
}
