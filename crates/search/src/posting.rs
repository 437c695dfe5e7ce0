//! In which posts something stands, and in which of their fields.

use crate::document::Field;
use crate::varint;

/// A post of a segment, by its place there, and a set of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) post: u32,
    pub(crate) fields: u8,
}

/// The postings of one thing while a segment is built. Posts come in order.
#[derive(Debug, Default)]
pub(crate) struct Growing {
    bytes: Vec<u8>,
    written: u32,
    last: Option<Posting>,
}

/// Postings of many things, by their places in the list, in as few bytes as they need: the distance
/// to the last post, and the fields if they are not the text alone, as nearly always.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    starts: Vec<u32>,
    bytes: Vec<u8>,
}

impl Growing {
    pub(crate) fn add(&mut self, post: u32, field: Field) {
        match &mut self.last {
            Some(last) if last.post == post => last.fields |= field.bit(),
            _ => {
                self.flush();
                self.last = Some(Posting { post, fields: field.bit() });
            }
        }
    }

    fn flush(&mut self) {
        let Some(Posting { post, fields }) = self.last.take() else { return };
        let is_text = fields == Field::Text.bit();
        varint::put((post - self.written) << 1 | u32::from(!is_text), &mut self.bytes);
        if !is_text {
            self.bytes.push(fields);
        }
        self.written = post;
    }
}

impl FromIterator<Growing> for Lists {
    fn from_iter<I: IntoIterator<Item = Growing>>(all: I) -> Self {
        let mut lists = Self { starts: vec![0], bytes: Vec::new() };
        for mut one in all {
            one.flush();
            lists.bytes.extend_from_slice(&one.bytes);
            let end = u32::try_from(lists.bytes.len());
            lists.starts.push(end.expect("postings of a segment are smaller than 4 GiB"));
        }
        lists.bytes.shrink_to_fit();
        lists.starts.shrink_to_fit();
        lists
    }
}

impl Lists {
    /// The postings of the thing at `index`.
    pub(crate) fn list(&self, index: usize) -> List<'_> {
        match (self.starts.get(index), self.starts.get(index + 1)) {
            (Some(start), Some(end)) => {
                List { bytes: &self.bytes[*start as usize..*end as usize], post: 0 }
            }
            _ => List::default(),
        }
    }
}

/// The postings of one thing, in the order of posts.
#[derive(Debug, Clone, Default)]
pub(crate) struct List<'a> {
    bytes: &'a [u8],
    post: u32,
}

impl List<'_> {
    /// About how many there are.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

impl Iterator for List<'_> {
    type Item = Posting;

    #[inline]
    fn next(&mut self) -> Option<Posting> {
        let head = varint::take(&mut self.bytes)?;
        self.post += head >> 1;
        let fields = if head & 1 == 0 {
            Field::Text.bit()
        } else {
            let (fields, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            *fields
        };
        Some(Posting { post: self.post, fields })
    }
}

/// What of `found` is in `other` too, in the same field.
pub(crate) fn intersect(found: &mut Vec<Posting>, other: impl Iterator<Item = Posting>) {
    let mut other = other.peekable();
    found.retain_mut(|posting| {
        while other.next_if(|other| other.post < posting.post).is_some() {}
        let fields = other.peek().filter(|other| other.post == posting.post);
        posting.fields &= fields.map_or(0, |other| other.fields);
        posting.fields != 0
    });
}

/// What is in one of `lists`, out of `posts` posts.
pub(crate) fn union<'a>(lists: impl Iterator<Item = List<'a>>, posts: usize) -> Vec<Posting> {
    let mut lists = lists.peekable();
    let Some(first) = lists.next() else { return Vec::new() };
    if lists.peek().is_none() {
        return first.collect();
    }
    let mut fields = vec![0; posts];
    for posting in std::iter::once(first).chain(lists).flatten() {
        fields[posting.post as usize] |= posting.fields;
    }
    let all = (0..).zip(fields);
    all.filter(|(_, fields)| *fields != 0).map(|(post, fields)| Posting { post, fields }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posting(post: u32, fields: &[Field]) -> Posting {
        Posting { post, fields: fields.iter().map(|field| field.bit()).sum() }
    }

    fn lists() -> Lists {
        let (mut one, mut other) = (Growing::default(), Growing::default());
        for (post, field) in [(0, Field::Text), (0, Field::Title), (7, Field::Text)] {
            one.add(post, field);
        }
        for (post, field) in [(7, Field::Title), (7, Field::Text), (900, Field::Tags)] {
            other.add(post, field);
        }
        [one, other].into_iter().collect()
    }

    #[test]
    fn postings_read_back_as_they_were_added() {
        let lists = lists();

        let one: Vec<_> = lists.list(0).collect();
        let other: Vec<_> = lists.list(1).collect();

        assert_eq!(one, [posting(0, &[Field::Title, Field::Text]), posting(7, &[Field::Text])]);
        assert_eq!(other, [posting(7, &[Field::Title, Field::Text]), posting(900, &[Field::Tags])]);
        assert_eq!(lists.list(2).count(), 0);
    }

    #[test]
    fn lists_are_joined_by_post_and_field() {
        let lists = lists();
        let mut both: Vec<_> = lists.list(0).collect();

        intersect(&mut both, lists.list(1));
        let either = union([lists.list(0), lists.list(1)].into_iter(), 901);

        assert_eq!(both, [posting(7, &[Field::Text])]);
        assert_eq!(either.iter().map(|posting| posting.post).collect::<Vec<_>>(), [0, 7, 900]);
    }
}
