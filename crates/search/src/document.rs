//! One post, folded for searching and ready to be shown.

use crate::fold::{Folding, fold, is_mark};
use crate::nearest::Address;
use crate::profile::{Weighed, profile};
use crate::varint;
use domain::{ContentHash, Post, PostDetail, PostSummary, Tag};
use std::ops::Range;

/// The parts of a post, the most telling first. A set of them is a byte, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Title,
    Tags,
    Brev,
    Headings,
    Text,
}

impl Field {
    pub(crate) const ALL: [Self; 5] =
        [Self::Title, Self::Tags, Self::Brev, Self::Headings, Self::Text];

    /// The set that holds only this one.
    pub(crate) fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The most telling one of a set.
    pub(crate) fn best(set: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|field| set & field.bit() != 0)
    }
}

/// One post. Its original text is not kept: what was folded away can be put back.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) summary: PostSummary,
    /// As JSON, since it is rarely asked for: as it is, it would take twice the memory.
    detail: Box<str>,
    pub(crate) hash: ContentHash,
    /// All fields, a line feed after each; a folded text has none inside, but between tags and
    /// between headings.
    folded: Box<str>,
    ends: [u32; 5],
    /// What folding changed in the text: see [`Self::shown`].
    changes: Box<[u8]>,
    /// What it is about.
    pub(crate) profile: Box<[Weighed]>,
    pub(crate) address: Address,
}

impl Document {
    pub(crate) fn new(post: Post) -> Self {
        let summary = post.summary;
        let lines = |texts: &mut dyn Iterator<Item = &str>| -> String {
            texts.map(fold).collect::<Vec<_>>().join("\n")
        };
        let (text, changes) = fold_and_note(&post.text);
        let fields = [
            fold(&summary.title),
            lines(&mut summary.tags.iter().map(Tag::as_str)),
            fold(&summary.brev),
            lines(&mut post.detail.outline.iter().map(|heading| heading.text.as_str())),
            text,
        ];
        let mut folded = String::with_capacity(fields.iter().map(|field| field.len() + 1).sum());
        let ends = fields.map(|field| {
            folded.push_str(&field);
            let end = u32::try_from(folded.len()).expect("a post is smaller than 4 GiB");
            folded.push('\n');
            end
        });
        let mut document = Self {
            address: Address::of(summary.path.as_str()),
            summary,
            detail: serde_json::to_string(&post.detail).expect("plain data").into_boxed_str(),
            hash: post.hash,
            folded: folded.into_boxed_str(),
            ends,
            changes: Box::from(&*changes),
            profile: Box::default(),
        };
        let fields = Field::ALL.map(|field| document.field(field));
        document.profile = profile(fields, document.summary.series.as_deref());
        document
    }

    /// What the page of the post shows beside its summary and its text.
    pub(crate) fn detail(&self) -> PostDetail {
        serde_json::from_str(&self.detail).expect("it was written here")
    }

    /// The folded text of `field`.
    pub(crate) fn field(&self, field: Field) -> &str {
        let index = field as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize + 1 };
        &self.folded[start..self.ends[index] as usize]
    }

    /// The characters of the text as the writer wrote them, but for white space, where their folded
    /// forms touch `part`; each with the place of its folded form.
    pub(crate) fn shown(&self, part: Range<usize>) -> Vec<(usize, char)> {
        let text = self.field(Field::Text);
        let (mut at, mut changes) = (0, &*self.changes);
        let mut shown = Vec::with_capacity(part.len().min(text.len()));
        while at <= part.end {
            let change = Change::take(&mut changes);
            let end = change.map_or(text.len(), |change| at + change.gap);
            let (first, last) = (at.max(part.start), end.min(part.end));
            if first < last {
                let chars = text[first..last].char_indices();
                shown.extend(chars.map(|(offset, char)| (first + offset, char)));
            }
            let Some(change) = change else { break };
            at = end + change.from.length();
            if end >= part.start && at <= part.end {
                shown.extend(change.from.char(&text[end..]).map(|char| (end, char)));
            }
        }
        shown
    }
}

/// One character that folding changed.
#[derive(Debug, Clone, Copy)]
struct Change {
    /// Bytes of the folded text since the last change.
    gap: usize,
    from: Origin,
}

/// What the writer wrote. Nearly every change is one of the first two, and takes a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The capital of an ASCII letter.
    Capital,
    /// The full width form of an ASCII character.
    Wide,
    /// Another character, which became so many bytes.
    Char(char, u32),
}

/// From an ASCII character to its full width form.
const WIDE: u32 = 'ａ' as u32 - 'a' as u32;

impl Origin {
    /// No character becomes more bytes when it is folded (U+FDFA becomes 33).
    const MAX_LENGTH: u32 = 64;

    /// `char`, which became `folded`.
    fn of(char: char, folded: &str) -> Self {
        let is_from = |from: &Self| folded.len() == 1 && from.char(folded) == Some(char);
        [Self::Capital, Self::Wide].into_iter().find(is_from).unwrap_or_else(|| {
            let length = u32::try_from(folded.len()).unwrap_or(u32::MAX);
            Self::Char(char, length.min(Self::MAX_LENGTH - 1))
        })
    }

    /// Bytes that it became.
    fn length(self) -> usize {
        match self {
            Self::Capital | Self::Wide => 1,
            Self::Char(_, length) => length as usize,
        }
    }

    /// What became the beginning of `folded`.
    fn char(self, folded: &str) -> Option<char> {
        let byte = || folded.as_bytes().first();
        match self {
            Self::Capital => byte().map(|byte| byte.to_ascii_uppercase().into()),
            Self::Wide => char::from_u32(u32::from(*byte()?) + WIDE),
            Self::Char(char, _) => Some(char),
        }
    }
}

impl Change {
    fn put(self, bytes: &mut Vec<u8>) {
        let gap = u32::try_from(self.gap).unwrap_or(u32::MAX).min(u32::MAX >> 2) << 2;
        match self.from {
            Origin::Capital => varint::put(gap, bytes),
            Origin::Wide => varint::put(gap | 1, bytes),
            Origin::Char(char, length) => {
                varint::put(gap | 2, bytes);
                varint::put(u32::from(char) * Origin::MAX_LENGTH + length, bytes);
            }
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let head = varint::take(bytes)?;
        let from = match head & 3 {
            0 => Origin::Capital,
            1 => Origin::Wide,
            _ => {
                let rest = varint::take(bytes)?;
                Origin::Char(char::from_u32(rest / Origin::MAX_LENGTH)?, rest % Origin::MAX_LENGTH)
            }
        };
        Some(Self { gap: (head >> 2) as usize, from })
    }
}

/// Folds a text and notes what that changed.
fn fold_and_note(text: &str) -> (String, Vec<u8>) {
    let (mut folded, mut changes) = (String::with_capacity(text.len()), Vec::new());
    let (mut folding, mut last) = (Folding::new(), 0);
    for char in text.chars() {
        let before = folded.len();
        folding.push(char, &mut folded);
        let became = &folded[before..];
        let mut utf8 = [0; 4];
        if char.is_whitespace() || became == char.encode_utf8(&mut utf8) {
            continue;
        }
        // What cannot be seen alone need not be shown again.
        if became.is_empty() && !is_mark(char) {
            continue;
        }
        Change { gap: before - last, from: Origin::of(char, became) }.put(&mut changes);
        last = folded.len();
    }
    (folded, changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use test_kit::post;

    fn document(text: &str) -> Document {
        let mut post = post("a", "2026-01-01", &["Go", "数据库"], 1);
        post.text = text.to_owned();
        Document::new(post)
    }

    fn shown(document: &Document, part: Range<usize>) -> String {
        document.shown(part).into_iter().map(|(_, char)| char).collect()
    }

    #[test]
    fn each_field_is_folded_by_itself() {
        let document = document("Redis\n緩存");

        assert_eq!(document.field(Field::Title), "title of a");
        assert_eq!(document.field(Field::Tags), "go\n数据库");
        assert_eq!(document.field(Field::Text), "redis 缓存");
        assert_eq!(Field::best(Field::Text.bit() | Field::Brev.bit()), Some(Field::Brev));
        assert_eq!(Field::best(0), None);
    }

    #[test]
    fn a_part_is_shown_as_it_was_written() {
        let document = document("用 ＲＥＤＩＳ 做\n\n緩存 cafe\u{301}");

        assert_eq!(shown(&document, 0..1000), "用 ＲＥＤＩＳ 做 緩存 cafe\u{301}");
        let redis = document.field(Field::Text).find("redis").unwrap();
        assert_eq!(shown(&document, redis + 2..redis + 5), "ＤＩＳ");
    }

    proptest! {
        #[test]
        fn a_text_is_shown_whole(text in "[a-zA-Z ａ-ｚＡ-Ｚ，！數據库½\u{FDFA}\u{FF5E}]{0,40}") {
            let whole = shown(&document(&text), 0..usize::MAX / 2);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&whole), words(&text));
        }
    }
}
