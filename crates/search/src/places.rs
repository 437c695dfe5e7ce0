//! Postings while a query is answered: taken apart, so that the many of texts are a set of bits.

use crate::posting::{List, Posting};
use crate::set::BitSet;

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    /// The posts with it in their texts.
    pub(crate) text: BitSet,
    /// The posts with it in other fields, in order, with these fields.
    pub(crate) others: Vec<Posting>,
}

impl Places {
    /// Nowhere among so many posts.
    pub(crate) fn nowhere(posts: usize) -> Self {
        Self { text: BitSet::new(posts), others: Vec::new() }
    }

    pub(crate) fn of(list: List<'_>) -> Self {
        let mut places = Self::nowhere(list.posts());
        list.add_to(&mut places);
        places
    }

    /// What is in one of `lists`, among so many posts.
    pub(crate) fn union<'a>(lists: impl Iterator<Item = List<'a>>, posts: usize) -> Self {
        let mut places = Self::nowhere(posts);
        lists.for_each(|list| list.add_to(&mut places));
        // It is made of sorted runs, which this sort merges.
        places.others.sort_by_key(|posting| posting.post);
        places.others.dedup_by(|next, posting| {
            let is_same = next.post == posting.post;
            if is_same {
                posting.fields |= next.fields;
            }
            is_same
        });
        places
    }

    /// Keeps what is in `other` too, in the same field.
    pub(crate) fn intersect(&mut self, other: &Self) {
        self.text.intersect(&other.text);
        let mut fields = Fields::of(&other.others);
        self.others.retain_mut(|posting| {
            posting.fields &= fields.at(posting.post);
            posting.fields != 0
        });
    }

    /// How many places there are, a post with it in its text and elsewhere counted twice.
    pub(crate) fn len(&self) -> usize {
        self.text.len() + self.others.len()
    }

    /// The posts with it in any field.
    pub(crate) fn posts(&self) -> BitSet {
        let mut posts = self.text.clone();
        posts.extend(self.others.iter().map(|posting| posting.post));
        posts
    }
}

/// The fields of postings, asked for in the order of posts.
pub(crate) struct Fields<'a>(&'a [Posting]);

impl<'a> Fields<'a> {
    pub(crate) fn of(postings: &'a [Posting]) -> Self {
        Self(postings)
    }

    /// The fields of `post`; none if it is not there.
    pub(crate) fn at(&mut self, post: u32) -> u8 {
        let skip = self.0.iter().take_while(|posting| posting.post < post).count();
        self.0 = &self.0[skip..];
        self.0.first().filter(|posting| posting.post == post).map_or(0, |posting| posting.fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Field;
    use crate::posting::{Growing, Lists};

    fn posting(post: u32, fields: &[Field]) -> Posting {
        Posting { post, fields: fields.iter().map(|field| field.bit()).sum() }
    }

    fn list(postings: &[(u32, Field)]) -> Growing {
        let mut growing = Growing::default();
        for (post, field) in postings {
            growing.add(*post, *field);
        }
        growing
    }

    /// The same two lists, in segments where they are kept in one way and in the other.
    fn lists() -> [Lists; 2] {
        [901, 8].map(|posts| {
            let last = u32::try_from(posts - 1).unwrap();
            let one = [(0, Field::Text), (0, Field::Title), (7, Field::Text)];
            let other = [(7, Field::Title), (7, Field::Text), (last, Field::Tags)];
            Lists::of([list(&one), list(&other)].into_iter(), posts)
        })
    }

    #[test]
    fn postings_read_back_as_they_were_added() {
        let lists = lists();
        let [few, all] = [&lists[0], &lists[1]].map(|lists| Places::of(lists.list(0)));
        let other = Places::of(lists[0].list(1));

        assert_eq!(lists.each_ref().map(|lists| lists.list(0).is_dense()), [false, true]);
        assert!(few.text.iter().eq([0, 7]) && all.text.iter().eq([0, 7]));
        assert_eq!((&few.others, &all.others), (&vec![posting(0, &[Field::Title])], &few.others));
        assert!(other.text.iter().eq([7]));
        assert_eq!(other.others, [posting(7, &[Field::Title]), posting(900, &[Field::Tags])]);
        assert_eq!(Places::of(lists[0].list(2)), Places::nowhere(901));
    }

    #[test]
    fn places_are_joined_by_post_and_field() {
        let [lists, _] = lists();
        let mut both = Places::of(lists.list(0));

        both.intersect(&Places::of(lists.list(1)));
        let either = Places::union([lists.list(1), lists.list(0)].into_iter(), 901);

        assert!(both.text.iter().eq([7]) && both.others.is_empty());
        assert_eq!((both.len(), either.len()), (1, 5));
        assert!(either.posts().iter().eq([0, 7, 900]));
        assert!(either.others.is_sorted_by_key(|posting| posting.post));
    }
}
