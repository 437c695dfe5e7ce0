//! How much a match is worth.
//!
//! | where the term stands | worth |
//! | --- | ---: |
//! | the title is the query, nothing more | 10,000 |
//! | title, as a word of its own | 120 |
//! | title, inside a word | 100 |
//! | tags, a whole tag | 80 |
//! | tags, part of one | 60 |
//! | summary | 20 |
//! | headings | 10 |
//! | text | 1 |
//!
//! Each term counts where it is worth most, and the worths of all terms are added; the first row is
//! added once. Equal posts stand in the order of lists, newest first. A Chinese term is a word of
//! its own wherever it stands.

use crate::document::Field;
use crate::fold::is_word;
use crate::query::Term;

/// For a title that is just what was asked for.
pub(crate) const EXACT_TITLE: u32 = 10_000;

/// For a term in the title, at least.
pub(crate) const IN_TITLE: u32 = 100;

/// For a term that stands in the text alone, the least.
pub(crate) const IN_TEXT: u32 = 1;

/// What `term` is worth whose most telling place in a post is `field`, which is `folded` if that has to
/// be read.
pub(crate) fn worth<'a>(term: &Term, field: Field, folded: impl Fn() -> &'a str) -> u32 {
    match field {
        Field::Title if is_word_of_its_own(term, folded()) => 120,
        Field::Title => IN_TITLE,
        Field::Tags if folded().lines().any(|tag| tag == term.text) => 80,
        Field::Tags => 60,
        Field::Brev => 20,
        Field::Headings => 10,
        Field::Text => IN_TEXT,
    }
}

fn is_word_of_its_own(term: &Term, text: &str) -> bool {
    let is_edge = |inside: Option<char>, outside: Option<char>| {
        !(inside.is_some_and(is_word) && outside.is_some_and(is_word))
    };
    term.find_iter(text).any(|at| {
        let end = at + term.text.len();
        is_edge(term.text.chars().next(), text[..at].chars().next_back())
            && is_edge(term.text.chars().next_back(), text[end..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_where_no_word_goes_on() {
        let is_own = |term: &str, text: &str| is_word_of_its_own(&Term::new(term.into()), text);

        assert!(is_own("go", "learn go, golang"));
        assert!(!is_own("go", "golang and algorithm"));
        assert!(is_own("缓存", "redis缓存的写法"));
        assert!(is_own("c++", "c++17"));
    }
}
