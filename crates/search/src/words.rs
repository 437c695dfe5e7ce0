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
    /// Every three bytes that stand side by side in a word or at its ends, in order, and the words
    /// in which they do.
    grams: Vec<[u8; 3]>,
    places_of_grams: Lists,
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
        let mut grams: FxHashMap<[u8; 3], Growing> = FxHashMap::default();
        for (index, (word, _)) in (0..).zip(&words) {
            starts.push(u32::try_from(text.len()).expect("the words are shorter than 4 GiB"));
            let before = text.len() - 1;
            text.push_str(word);
            text.push('\n');
            for gram in text.as_bytes()[before..].windows(3) {
                let gram = [gram[0], gram[1], gram[2]];
                grams.entry(gram).or_default().add(index, Field::Text);
            }
        }
        let lists = words.into_iter().map(|(_, growing)| growing).collect();
        let mut grams: Vec<_> = grams.into_iter().collect();
        grams.sort_unstable_by_key(|(gram, _)| *gram);
        Self {
            text: text.into_boxed_str(),
            starts,
            lists,
            grams: grams.iter().map(|(gram, _)| *gram).collect(),
            places_of_grams: grams.into_iter().map(|(_, words)| words).collect(),
        }
    }
}

impl Words {
    /// The places of the words that contain `part`, which is at least three bytes long. A line feed
    /// at its beginning or end stands for the beginning or end of the word.
    pub(crate) fn containing(&self, part: &str) -> Vec<usize> {
        let lists = part.as_bytes().windows(3).map(|gram| {
            let place = self.grams.binary_search_by(|known| known.as_slice().cmp(gram));
            place.map_or_else(|_| List::default(), |place| self.places_of_grams.list(place))
        });
        let Some(rarest) = lists.min_by_key(List::bytes) else { return Vec::new() };
        let finder = memmem::Finder::new(part);
        let places = rarest.map(|posting| posting.post as usize);
        places.filter(|place| finder.find(self.between_line_feeds(*place)).is_some()).collect()
    }

    /// The word at `place` with the line feeds at its ends.
    fn between_line_feeds(&self, place: usize) -> &[u8] {
        let end = self.starts.get(place + 1).map_or(self.text.len(), |next| *next as usize);
        &self.text.as_bytes()[self.starts[place] as usize - 1..end]
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
