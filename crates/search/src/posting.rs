//! In which posts something stands, and in which of their fields.

use crate::document::Field;
use crate::places::Places;
use crate::set;
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

/// Postings of many things, by their places in the list, in as few bytes as they need: for each post
/// the distance to the last one, and the fields if they are not the text alone, as nearly always. What
/// would be no shorter than one bit for each post of the segment is kept as that: the posts with it in
/// their texts, and then those with it in other fields.
#[derive(Debug)]
pub(crate) struct Lists {
    posts: usize,
    starts: Box<[u32]>,
    bytes: Box<[u8]>,
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
        if let Some(posting) = self.last.take() {
            put(posting, &mut self.written, &mut self.bytes);
        }
    }

    /// All of them as a list among so many posts.
    fn finish(mut self, posts: usize) -> Vec<u8> {
        self.flush();
        let length = bits_length(posts);
        if self.bytes.len() < length {
            return self.bytes;
        }
        let all = || Sparse { bytes: &self.bytes, post: 0 };
        let text = all().filter(|posting| posting.fields & Field::Text.bit() != 0);
        let mut bytes = set::bytes(text.map(|posting| posting.post), length);
        let mut written = 0;
        for posting in all().filter_map(Posting::elsewhere) {
            put(posting, &mut written, &mut bytes);
        }
        bytes
    }
}

/// Appends `posting`, the first after the post `written`.
fn put(posting: Posting, written: &mut u32, bytes: &mut Vec<u8>) {
    let Posting { post, fields } = posting;
    let is_text = fields == Field::Text.bit();
    varint::put((post - *written) << 1 | u32::from(!is_text), bytes);
    if !is_text {
        bytes.push(fields);
    }
    *written = post;
}

impl Lists {
    /// The postings of `all` among so many posts.
    pub(crate) fn of(all: impl Iterator<Item = Growing>, posts: usize) -> Self {
        let all: Vec<Vec<u8>> = all.map(|growing| growing.finish(posts)).collect();
        // They are all of what memory holds beside the texts: there is no room to grow into.
        let mut starts = Vec::with_capacity(all.len() + 1);
        let mut bytes = Vec::with_capacity(all.iter().map(Vec::len).sum());
        starts.push(0);
        for list in all {
            bytes.extend_from_slice(&list);
            let end = u32::try_from(bytes.len());
            starts.push(end.expect("postings of a segment are smaller than 4 GiB"));
        }
        Self { posts, starts: starts.into_boxed_slice(), bytes: bytes.into_boxed_slice() }
    }

    /// The postings of the thing at `index`.
    pub(crate) fn list(&self, index: usize) -> List<'_> {
        match (self.starts.get(index), self.starts.get(index + 1)) {
            (Some(start), Some(end)) => {
                List { posts: self.posts, bytes: &self.bytes[*start as usize..*end as usize] }
            }
            _ => self.nothing(),
        }
    }

    /// The postings of what stands nowhere.
    pub(crate) fn nothing(&self) -> List<'_> {
        List { posts: self.posts, bytes: &[] }
    }
}

impl Posting {
    /// What is left of it beside the text.
    pub(crate) fn elsewhere(self) -> Option<Self> {
        let fields = self.fields & !Field::Text.bit();
        (fields != 0).then_some(Self { fields, ..self })
    }
}

/// Bytes of one bit for each post.
fn bits_length(posts: usize) -> usize {
    posts.div_ceil(8)
}

/// The postings of one thing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List<'a> {
    posts: usize,
    bytes: &'a [u8],
}

impl List<'_> {
    /// How many posts the segment has.
    pub(crate) fn posts(&self) -> usize {
        self.posts
    }

    /// How long it is: the longer, the more postings, but for the longest.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether it is kept as bits: at least every sixteenth post has it, or nearly so.
    pub(crate) fn is_dense(&self) -> bool {
        !self.is_empty() && self.bytes.len() >= bits_length(self.posts)
    }

    /// Adds them to `places`, the fields beside the text at its end.
    pub(crate) fn add_to(self, places: &mut Places) {
        let sparse = if self.is_dense() {
            let (bits, others) = self.bytes.split_at(bits_length(self.posts));
            places.text.insert_bytes(bits);
            others
        } else {
            self.bytes
        };
        for posting in (Sparse { bytes: sparse, post: 0 }) {
            if posting.fields & Field::Text.bit() != 0 {
                places.text.insert(posting.post);
            }
            places.others.extend(posting.elsewhere());
        }
    }
}

/// Postings one after the other.
struct Sparse<'a> {
    bytes: &'a [u8],
    post: u32,
}

impl Iterator for Sparse<'_> {
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
