//! Characters that stand side by side, and where.
//!
//! Every character is looked up, and every pair. A longer piece is if all shorter ones in it are common
//! (parts of words count as such, for words have lists of their own): otherwise one of those leaves few
//! posts that a term has to be compared with. So a term of up to six characters either is known or
//! stands in few posts, and as few pieces are common, all this takes little room.

use crate::document::{Document, Field};
use crate::fold::is_word;
use crate::posting::{Growing, List, Lists};
use crate::set::BitSet;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// The longest that are looked up: more characters do not fit into a [`Gram`].
pub(crate) const LONGEST: usize = 6;
/// A list of so few bytes is not common, however small the segment is.
const FEW: usize = 32;
const BITS_OF_CHAR: usize = 21;

/// One to six characters, one after the other. None is 0, which is folded away.
type Gram = u128;

/// What characters a segment has, and where.
#[derive(Debug)]
pub(crate) struct Grams {
    /// Of one character, of two, and so on.
    by_length: Vec<OfLength>,
}

/// Postings of grams of one length.
#[derive(Debug)]
struct OfLength {
    keys: Box<[Gram]>,
    lists: Lists,
}

impl Grams {
    pub(crate) fn of(documents: &[Arc<Document>]) -> Self {
        let fields = || documents.iter().flat_map(|post| Field::ALL.map(|field| post.field(field)));
        let chars = fields().map(|text| text.chars().count()).sum();
        let (mut by_length, mut common) = (Vec::new(), FxHashSet::default());
        let mut ends = BitSet::new(chars);
        for length in 1..=LONGEST {
            let mut pass = Pass::new(length, &common, &ends, chars);
            let all = pass.over(documents);
            ends = pass.ends;
            let lists =
                all.keys.iter().enumerate().map(|(place, key)| (key, all.lists.list(place)));
            common.extend(lists.filter(|(_, list)| is_common(list)).map(|(key, _)| *key));
            by_length.push(all);
        }
        Self { by_length }
    }

    /// Where all of `chars` stand side by side; `None` if that is not known.
    pub(crate) fn find(&self, chars: &[char]) -> Option<List<'_>> {
        let all = self.by_length.get(chars.len().checked_sub(1)?)?;
        if let Some(list) = all.find(chars) {
            return Some(list);
        }
        let (first, last) = (&chars[..chars.len() - 1], &chars[1..]);
        let is_known = chars.len() <= 2
            || !is_part_of_word(chars) && self.is_common(first) && self.is_common(last);
        is_known.then(|| all.lists.nothing())
    }

    fn is_common(&self, chars: &[char]) -> bool {
        let list = || self.by_length[chars.len() - 1].find(chars);
        is_part_of_word(chars) || list().is_some_and(|list| is_common(&list))
    }
}

impl OfLength {
    fn find(&self, chars: &[char]) -> Option<List<'_>> {
        let place = self.keys.binary_search(&gram(chars)).ok()?;
        Some(self.lists.list(place))
    }
}

fn gram(chars: &[char]) -> Gram {
    chars.iter().fold(0, |gram, char| gram << BITS_OF_CHAR | Gram::from(u32::from(*char)))
}

fn is_common(list: &List<'_>) -> bool {
    list.bytes() >= FEW.max(list.posts() / 16)
}

fn is_part_of_word(chars: &[char]) -> bool {
    chars.iter().all(|char| is_word(*char))
}

fn last(gram: Gram, chars: usize) -> Gram {
    gram & ((1 << (BITS_OF_CHAR * chars)) - 1)
}

/// One reading of all texts, which looks for grams of one length.
struct Pass<'a> {
    length: usize,
    /// The shorter ones that are common.
    common: &'a FxHashSet<Gram>,
    /// At which of all characters one ends that is two shorter, and is common or a part of a word.
    before: &'a BitSet,
    /// At which of them one does that is one shorter.
    ends: BitSet,
    /// How many characters were read.
    at: u32,
}

impl<'a> Pass<'a> {
    fn new(length: usize, common: &'a FxHashSet<Gram>, before: &'a BitSet, chars: usize) -> Self {
        Self { length, common, before, ends: BitSet::new(chars), at: 0 }
    }

    fn over(&mut self, documents: &[Arc<Document>]) -> OfLength {
        let mut growing: FxHashMap<Gram, Growing> = FxHashMap::default();
        for (post, document) in (0..).zip(documents) {
            for field in Field::ALL {
                let add = |gram| growing.entry(gram).or_default().add(post, field);
                self.each(document.field(field), add);
            }
        }
        let mut all: Vec<_> = growing.into_iter().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        let keys = all.iter().map(|(key, _)| *key).collect();
        let lists = all.into_iter().map(|(_, growing)| growing);
        OfLength { keys, lists: Lists::of(lists, documents.len()) }
    }

    /// Calls `add` with every gram of `text` that is no part of a word, if those that it contains are
    /// common or parts of words; with all if it is one or two characters long.
    fn each(&mut self, text: &str, mut add: impl FnMut(Gram)) {
        let inner = self.length - 1;
        // The last characters, how many of them are of a word, and what `before` and `ends` say.
        let (mut gram, mut of_word, mut was_before, mut was_end) = (0, 0, false, false);
        for char in text.chars() {
            let at = self.at;
            self.at += 1;
            if char.is_whitespace() {
                (of_word, was_before, was_end) = (0, false, false);
                continue;
            }
            gram = gram << BITS_OF_CHAR | Gram::from(u32::from(char));
            of_word = if is_word(char) { of_word + 1 } else { 0 };
            let is_before = self.before.contains(at);
            let is_common = || was_before && is_before && self.common.contains(&last(gram, inner));
            let is_end = inner <= 1 || of_word >= inner || is_common();
            if is_end {
                self.ends.insert(at);
            }
            if (was_end || inner == 0) && is_end && (self.length <= 2 || of_word < self.length) {
                add(last(gram, self.length));
            }
            (was_before, was_end) = (is_before, is_end);
        }
    }
}
