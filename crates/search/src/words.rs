//! The words of a segment: what stands between characters that are no part of words.

use crate::document::{Document, Field};
use crate::fold::is_word;
use crate::places::Places;
use crate::posting::{Growing, List, Lists};
use crate::typo;
use memchr::memmem;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Shorter ones are found as pairs of characters.
pub(crate) const SHORTEST: usize = 3;
/// So few words are compared with a part at once, instead of looking for more that they have.
const FEW: usize = 32;

/// The words while a segment is built.
#[derive(Debug, Default)]
struct GrowingWords(FxHashMap<Box<str>, Growing>);

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
    fn add(&mut self, word: &str, post: u32, field: Field) {
        match self.0.get_mut(word) {
            Some(growing) => growing.add(post, field),
            None => self.0.entry(word.into()).or_default().add(post, field),
        }
    }

    fn finish(self, posts: usize) -> Words {
        let mut words: Vec<_> = self.0.into_iter().collect();
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
        let mut grams: Vec<_> = grams.into_iter().collect();
        grams.sort_unstable_by_key(|(gram, _)| *gram);
        Words {
            text: text.into_boxed_str(),
            lists: Lists::of(words.into_iter().map(|(_, growing)| growing), posts),
            grams: grams.iter().map(|(gram, _)| *gram).collect(),
            places_of_grams: Lists::of(grams.into_iter().map(|(_, words)| words), starts.len()),
            starts,
        }
    }
}

impl Words {
    pub(crate) fn of(documents: &[Arc<Document>]) -> Self {
        let mut growing = GrowingWords::default();
        for (post, document) in (0..).zip(documents) {
            for field in Field::ALL {
                let words = document.field(field).split(|char| !is_word(char));
                words
                    .filter(|word| word.len() >= SHORTEST)
                    .for_each(|word| growing.add(word, post, field));
            }
        }
        growing.finish(documents.len())
    }

    /// Where words stand that contain `part`: see [`Self::containing`].
    pub(crate) fn places(&self, part: &str, posts: usize) -> Places {
        let lists = self.containing(part).into_iter().map(|place| self.lists.list(place as usize));
        Places::union(lists, posts)
    }

    /// The places of the words that contain `part`, which is at least three bytes long. A line feed
    /// at its beginning or end stands for the beginning or end of the word.
    pub(crate) fn containing(&self, part: &str) -> Vec<u32> {
        let mut lists: Vec<_> = part.as_bytes().windows(3).map(|gram| self.with(gram)).collect();
        lists.sort_unstable_by_key(List::bytes);
        let Some((rarest, others)) = lists.split_first() else { return Vec::new() };
        let mut found = Places::of(*rarest).text;
        for list in others {
            if found.len() <= FEW {
                break;
            }
            found.intersect(&Places::of(*list).text);
        }
        if !others.is_empty() {
            let finder = memmem::Finder::new(part);
            found.retain(|place| finder.find(self.between_line_feeds(place as usize)).is_some());
        }
        found.iter().collect()
    }

    /// The words that contain three bytes.
    fn with(&self, gram: &[u8]) -> List<'_> {
        let place = self.grams.binary_search_by(|known| known.as_slice().cmp(gram));
        place.map_or_else(
            |_| self.places_of_grams.nothing(),
            |place| self.places_of_grams.list(place),
        )
    }

    /// The word at `place` with the line feeds at its ends.
    fn between_line_feeds(&self, place: usize) -> &[u8] {
        let end = self.starts.get(place + 1).map_or(self.text.len(), |next| *next as usize);
        &self.text.as_bytes()[self.starts[place] as usize - 1..end]
    }

    /// The words that differ from `word` by one mistake, and in how many posts each stands. It has
    /// at least [`typo::SHORTEST_CHARS`].
    pub(crate) fn near(&self, word: &str) -> impl Iterator<Item = (usize, &str)> {
        let (first, last) = typo::ends(word);
        let start = self.starts.partition_point(|start| &self.text[*start as usize..] < first);
        let beginning =
            (start..self.starts.len()).take_while(|place| self.word(*place).starts_with(first));
        let ending = self.containing(&format!("{last}\n")).into_iter().map(|place| place as usize);
        let is_near = |place: &usize| typo::is_near(word, self.word(*place));
        let near: Vec<_> = beginning.chain(ending).filter(is_near).collect();
        near.into_iter().map(|place| (self.frequency(place), self.word(place)))
    }

    /// The word at `place`.
    fn word(&self, place: usize) -> &str {
        let end = self.starts.get(place + 1).map_or(self.text.len(), |next| *next as usize);
        &self.text[self.starts[place] as usize..end - 1]
    }

    /// In how many posts the word at `place` stands.
    fn frequency(&self, place: usize) -> usize {
        Places::of(self.lists.list(place)).posts().len()
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
        let words = growing.finish(4);
        let found = |part: &str| -> Vec<String> {
            let places = words.containing(part).into_iter();
            places.map(|place| words.word(place as usize).to_owned()).collect()
        };

        assert_eq!(found("time"), ["time", "timeout", "withtimeout"]);
        assert_eq!(found("\ntime"), ["time", "timeout"]);
        assert_eq!(found("timeout\n"), ["timeout", "withtimeout"]);
        assert_eq!(found("\ntime\n"), ["time"]);
        assert_eq!(found("ana"), ["ana", "banana"]);
        assert!(found("anas").is_empty());
        assert!(words.places("time", 4).text.iter().eq([3]));
    }
}
