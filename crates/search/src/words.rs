//! The words of a segment: what stands between characters that are no part of words.

use crate::document::Field;
use crate::posting::{Growing, List, Lists};
use memchr::memmem;
use rustc_hash::FxHashMap;

/// Shorter ones are found as pairs of characters.
pub(crate) const SHORTEST: usize = 3;

/// The words while a segment is built.
#[derive(Debug, Default)]
pub(crate) struct GrowingWords(FxHashMap<Box<str>, Growing>);

/// The words of a segment, in the order of the alphabet, with their postings.
#[derive(Debug)]
pub(crate) struct Words {
    /// A line feed before and after each.
    text: Box<str>,
    /// Where each begins.
    starts: Vec<u32>,
    lists: Lists,
}

impl GrowingWords {
    pub(crate) fn add(&mut self, word: &str, post: u32, field: Field) {
        match self.0.get_mut(word) {
            Some(growing) => growing.add(post, field),
            None => self.0.entry(word.into()).or_default().add(post, field),
        }
    }
}

impl From<GrowingWords> for Words {
    fn from(growing: GrowingWords) -> Self {
        let mut words: Vec<_> = growing.0.into_iter().collect();
        words.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let (mut text, mut starts) = (String::from("\n"), Vec::with_capacity(words.len()));
        for (word, _) in &words {
            starts.push(u32::try_from(text.len()).expect("the words are shorter than 4 GiB"));
            text.push_str(word);
            text.push('\n');
        }
        let lists = words.into_iter().map(|(_, growing)| growing).collect();
        Self { text: text.into_boxed_str(), starts, lists }
    }
}

impl Words {
    /// The places of the words that contain `part`. A line feed at its beginning or end stands for
    /// the beginning or end of the word.
    pub(crate) fn containing(&self, part: &str) -> Vec<usize> {
        let mut found = Vec::new();
        // The beginning of the next word, so that nothing is found twice in one word.
        let mut next = 0;
        let finder = memmem::Finder::new(part);
        while let Some(at) = finder.find(&self.text.as_bytes()[next..]) {
            let inside = next + at + usize::from(part.starts_with('\n'));
            let index = self.starts.partition_point(|start| *start as usize <= inside) - 1;
            found.push(index);
            let Some(start) = self.starts.get(index + 1) else { break };
            // The line feed before it belongs to both.
            next = *start as usize - 1;
        }
        found
    }

    /// Every word with its place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text[1..].lines().enumerate()
    }

    /// The postings of the word at `index`.
    pub(crate) fn list(&self, index: usize) -> List<'_> {
        self.lists.list(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_their_parts() {
        let mut growing = GrowingWords::default();
        for word in ["timeout", "time", "withtimeout", "banana", "ana"] {
            growing.add(word, 3, Field::Text);
        }
        let words = Words::from(growing);
        let found = |part: &str| -> Vec<String> {
            let all: Vec<_> = words.iter().map(|(_, word)| word.to_owned()).collect();
            words.containing(part).into_iter().map(|index| all[index].clone()).collect()
        };

        assert_eq!(found("time"), ["time", "timeout", "withtimeout"]);
        assert_eq!(found("\ntime"), ["time", "timeout"]);
        assert_eq!(found("timeout\n"), ["timeout", "withtimeout"]);
        assert_eq!(found("\ntime\n"), ["time"]);
        assert_eq!(found("ana"), ["ana", "banana"]);
        assert!(found("anas").is_empty());
        assert_eq!(words.list(2).count(), 1);
    }
}
