//! Sets of small numbers: of the posts of a segment, above all.

/// One bit for each number, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BitSet(Box<[u64]>);

impl BitSet {
    /// The empty set of numbers below `end`.
    pub(crate) fn new(end: usize) -> Self {
        Self(vec![0; end.div_ceil(64)].into_boxed_slice())
    }

    /// Adds the numbers of a set as [`bytes`] wrote it.
    pub(crate) fn insert_bytes(&mut self, bytes: &[u8]) {
        for (word, some) in self.0.iter_mut().zip(bytes.chunks(8)) {
            let mut eight = [0; 8];
            eight[..some.len()].copy_from_slice(some);
            *word |= u64::from_le_bytes(eight);
        }
    }

    pub(crate) fn insert(&mut self, number: u32) {
        self.0[number as usize / 64] |= 1 << (number % 64);
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        self.0[number as usize / 64] & 1 << (number % 64) != 0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Keeps what is in `other` too.
    pub(crate) fn intersect(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= other;
        }
    }

    /// Removes what is in `other`.
    pub(crate) fn subtract(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= !other;
        }
    }

    /// Keeps those for which `is_kept`, which is asked in order.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(u32) -> bool) {
        for (first, word) in (0..).step_by(64).zip(&mut self.0) {
            for bit in bits(*word) {
                if !is_kept(first + bit) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    /// The numbers in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        (0..)
            .step_by(64)
            .zip(&self.0)
            .flat_map(|(first, word)| bits(*word).map(move |bit| first + bit))
    }
}

impl Extend<u32> for BitSet {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, numbers: I) {
        numbers.into_iter().for_each(|number| self.insert(number));
    }
}

/// The set of `numbers` as so many bytes, eight in each.
pub(crate) fn bytes(numbers: impl Iterator<Item = u32>, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for number in numbers {
        bytes[number as usize / 8] |= 1 << (number % 8);
    }
    bytes
}

/// The places of the ones in `word`.
fn bits(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set(posts: &BTreeSet<u32>) -> BitSet {
        let mut set = BitSet::new(200);
        set.extend(posts.iter().copied());
        set
    }

    proptest! {
        #[test]
        fn a_set_of_bits_is_a_set(
            one in prop::collection::btree_set(0u32..200, 0..200),
            other in prop::collection::btree_set(0u32..200, 0..200),
        ) {
            let (mut both, mut less, mut odd) = (set(&one), set(&one), set(&one));
            both.intersect(&set(&other));
            less.subtract(&set(&other));
            odd.retain(|number| number % 2 == 1);
            let bytes = bytes(one.iter().copied(), 200 / 8);
            let mut read = BitSet::new(200);
            read.insert_bytes(&bytes);

            prop_assert!(both.iter().eq(one.intersection(&other).copied()));
            prop_assert!(less.iter().eq(one.difference(&other).copied()));
            prop_assert!(odd.iter().eq(one.iter().copied().filter(|post| post % 2 == 1)));
            prop_assert!((0..200).all(|post| read.contains(post) == one.contains(&post)));
            prop_assert_eq!((read.len(), read.is_empty()), (one.len(), one.is_empty()));
        }
    }
}
