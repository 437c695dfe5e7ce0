//! Some posts and where everything in them stands. A segment never changes.

use crate::document::{Document, Field};
use crate::fold::is_word;
use crate::posting::{Growing, List, Lists};
use crate::words::{GrowingWords, SHORTEST, Words};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Posts, and the places of their characters, pairs of characters, and words.
#[derive(Debug)]
pub(crate) struct Segment {
    documents: Vec<Arc<Document>>,
    singles: Grams,
    pairs: Grams,
    words: Words,
}

/// Postings of single characters, or of pairs that stand side by side.
#[derive(Debug)]
struct Grams {
    keys: Vec<u64>,
    lists: Lists,
}

#[derive(Debug, Default)]
struct GrowingGrams(FxHashMap<u64, Growing>);

impl GrowingGrams {
    fn add(&mut self, key: u64, post: u32, field: Field) {
        self.0.entry(key).or_default().add(post, field);
    }
}

impl From<GrowingGrams> for Grams {
    fn from(growing: GrowingGrams) -> Self {
        let mut all: Vec<_> = growing.0.into_iter().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        let keys = all.iter().map(|(key, _)| *key).collect();
        Self { keys, lists: all.into_iter().map(|(_, growing)| growing).collect() }
    }
}

impl Grams {
    fn list(&self, key: u64) -> List<'_> {
        self.keys
            .binary_search(&key)
            .map_or_else(|_| List::default(), |index| self.lists.list(index))
    }
}

/// What a segment is made of while it grows.
#[derive(Debug, Default)]
struct GrowingSegment {
    singles: GrowingGrams,
    pairs: GrowingGrams,
    words: GrowingWords,
}

impl GrowingSegment {
    fn add(&mut self, post: u32, field: Field, text: &str) {
        let mut before = None;
        for char in text.chars() {
            // Nothing reaches over white space: phrases are compared with the text.
            if char.is_whitespace() {
                before = None;
                continue;
            }
            self.singles.add(single(char), post, field);
            if let Some(before) = before.replace(char) {
                self.pairs.add(pair(before, char), post, field);
            }
        }
        for word in text.split(|char| !is_word(char)).filter(|word| word.len() >= SHORTEST) {
            self.words.add(word, post, field);
        }
    }
}

impl Segment {
    pub(crate) fn new(documents: Vec<Arc<Document>>) -> Self {
        let mut growing = GrowingSegment::default();
        for (post, document) in (0..).zip(&documents) {
            for field in Field::ALL {
                growing.add(post, field, document.field(field));
            }
        }
        let GrowingSegment { singles, pairs, words } = growing;
        Self { documents, singles: singles.into(), pairs: pairs.into(), words: words.into() }
    }

    pub(crate) fn documents(&self) -> &[Arc<Document>] {
        &self.documents
    }

    pub(crate) fn words(&self) -> &Words {
        &self.words
    }

    /// Where `char` stands.
    pub(crate) fn single(&self, char: char) -> List<'_> {
        self.singles.list(single(char))
    }

    /// Where the two stand side by side.
    pub(crate) fn pair(&self, first: char, second: char) -> List<'_> {
        self.pairs.list(pair(first, second))
    }
}

fn single(char: char) -> u64 {
    u64::from(u32::from(char))
}

fn pair(first: char, second: char) -> u64 {
    u64::from(u32::from(first)) << 32 | u64::from(u32::from(second))
}
