//! What a post is about, in few terms: what related posts are found by.
//!
//! A term is a word of a script that writes spaces, a pair of characters of one that does not, a whole
//! tag, or a series. In one post it weighs, for each place where it stands:
//!
//! | place | weight |
//! | --- | ---: |
//! | tag (as a whole), series | 10 |
//! | title | 6 |
//! | summary | 3 |
//! | headings | 2 |
//! | text, *n* times, at least twice | 1 + log₂ *n*, at most 8 |

use crate::document::Field;
use crate::fold::is_word;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};

/// So many terms of the text are kept, the most frequent ones.
const MOST_OF_TEXT: usize = 96;
/// A number alone tells nothing, and neither does a letter.
const SHORTEST_WORD_CHARS: usize = 2;

/// One term of a post. There are a hundred for each, so it is no larger than it must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighed {
    term: [u8; size_of::<Term>()],
    /// The lowest bit is [`Self::is_chosen`].
    weight: u8,
}

impl Weighed {
    const MAX_WEIGHT: u8 = u8::MAX >> 1;

    fn new(term: Term, weight: u8, is_chosen: bool) -> Self {
        let weight = weight.min(Self::MAX_WEIGHT) << 1 | u8::from(is_chosen);
        Self { term: term.to_ne_bytes(), weight }
    }

    pub(crate) fn term(self) -> Term {
        Term::from_ne_bytes(self.term)
    }

    pub(crate) fn weight(self) -> u8 {
        self.weight >> 1
    }

    /// Whether it stands somewhere else than in headings and text.
    pub(crate) fn is_chosen(self) -> bool {
        self.weight & 1 == 1
    }
}

/// A hash of a term; two terms with one hash are taken for one, which does little harm.
pub(crate) type Term = u32;

/// The terms of one post, in the order of their hashes.
pub(crate) fn profile(fields: [&str; 5], series: Option<&str>) -> Box<[Weighed]> {
    let mut terms: FxHashMap<Term, (u8, bool)> = FxHashMap::default();
    let mut add = |term, weight, is_chosen| {
        let (all, is_any_chosen) = terms.entry(term).or_default();
        *all = all.saturating_add(weight);
        *is_any_chosen |= is_chosen;
    };
    for (field, weight, is_chosen) in
        [(Field::Title, 6, true), (Field::Brev, 3, true), (Field::Headings, 2, false)]
    {
        let mut found = Vec::new();
        each_term(fields[field as usize], |term| found.push(term));
        found.sort_unstable();
        found.dedup();
        for term in found {
            add(term, weight, is_chosen);
        }
    }
    for tag in fields[Field::Tags as usize].lines() {
        add(hash(&("tag", tag)), 10, true);
    }
    if let Some(series) = series {
        add(hash(&("series", series)), 10, true);
    }
    for (term, times) in frequent(fields[Field::Text as usize]) {
        let weight = 1 + u8::try_from(times.ilog2()).unwrap_or(u8::MAX);
        add(term, weight.min(8), false);
    }
    let terms = terms.into_iter();
    let weighed = terms.map(|(term, (weight, is_chosen))| Weighed::new(term, weight, is_chosen));
    let mut all: Box<[_]> = weighed.collect();
    all.sort_unstable_by_key(|weighed| weighed.term());
    all
}

/// The terms that stand in `text` more than once, the most frequent ones, and how often.
fn frequent(text: &str) -> Vec<(Term, u32)> {
    let mut times: FxHashMap<Term, u32> = FxHashMap::default();
    each_term(text, |term| *times.entry(term).or_default() += 1);
    let mut found: Vec<_> = times.into_iter().filter(|(_, times)| *times > 1).collect();
    found.sort_unstable_by_key(|(term, times)| (std::cmp::Reverse(*times), *term));
    found.truncate(MOST_OF_TEXT);
    found
}

/// Calls `add` with every word, and with every pair of characters that are written without spaces.
fn each_term(text: &str, mut add: impl FnMut(Term)) {
    let mut before = None;
    let mut word = None;
    let end_word = |start: &mut Option<usize>, end: usize, add: &mut dyn FnMut(Term)| {
        let Some(start) = start.take() else { return };
        let word = &text[start..end];
        let is_long = word.chars().count() >= SHORTEST_WORD_CHARS;
        if is_long && word.chars().any(|char| !char.is_ascii_digit() && char != '_') {
            add(hash(&word));
        }
    };
    for (at, char) in text.char_indices() {
        if is_word(char) {
            word.get_or_insert(at);
            before = None;
            continue;
        }
        end_word(&mut word, at, &mut add);
        let paired = char.is_alphanumeric().then_some(char);
        if let (Some(before), Some(char)) = (before, paired) {
            add(hash(&(before, char)));
        }
        before = paired;
    }
    end_word(&mut word, text.len(), &mut add);
}

/// The same on every machine.
fn hash(term: &impl Hash) -> Term {
    let mut hasher = FxHasher::default();
    term.hash(&mut hasher);
    let hash = hasher.finish();
    u32::try_from(hash >> 32).unwrap_or_default()
        ^ u32::try_from(hash & 0xFFFF_FFFF).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> usize {
        let mut found = Vec::new();
        each_term(text, |term| found.push(term));
        found.len()
    }

    #[test]
    fn words_and_pairs_of_chinese_characters_are_terms_and_numbers_are_none() {
        assert_eq!(terms("redis cache"), 2);
        assert_eq!(terms("缓存的写法"), 4);
        assert_eq!(terms("redis缓存, redis"), 3);
        assert_eq!(terms("2019 1 a __ 墨"), 0);
        assert_eq!(terms("缓 存"), 0, "nothing reaches over a space");
    }

    #[test]
    fn a_term_weighs_more_the_more_telling_its_place_is() {
        let fields = ["redis", "redis", "", "redis", "redis and redis and more"];
        let found = profile(fields, Some("ink"));
        let weight =
            |term| found.iter().find(|found| found.term() == term).map(|found| found.weight());

        assert_eq!(weight(hash(&"redis")), Some(6 + 2 + 2));
        assert_eq!(weight(hash(&("tag", "redis"))), Some(10));
        assert_eq!(weight(hash(&("series", "ink"))), Some(10));
        assert_eq!(weight(hash(&"and")), Some(2));
        assert_eq!(weight(hash(&"more")), None, "once in the text is by chance");
    }
}
