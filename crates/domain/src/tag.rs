//! A tag: a word under which posts are gathered.

use percent_encoding::utf8_percent_encode;
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// A tag, trimmed and NFC-normalised; 1 to 64 characters, none of them a control character or `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

/// Why a text is no tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// Nothing is left after trimming.
    #[error("a tag cannot be empty")]
    Empty,
    /// Longer than [`Tag::MAX_CHARS`].
    #[error("a tag has at most 64 characters")]
    TooLong,
    /// A `/`, which would make two URL segments of one, or a control character.
    #[error("a tag cannot contain `/` or control characters")]
    BadCharacter,
    /// `.` or `..`, which a browser would resolve away.
    #[error("a tag cannot be `.` or `..`")]
    DotSegment,
}

impl Tag {
    /// The longest tag, in characters.
    pub const MAX_CHARS: usize = 64;

    /// Checks `text` and makes it a tag.
    ///
    /// # Errors
    ///
    /// [`TagError`] says what is wrong; the remedy is to choose another word.
    pub fn parse(text: &str) -> Result<Self, TagError> {
        let text: String = text.trim().nfc().collect();
        if text.is_empty() {
            return Err(TagError::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(TagError::TooLong);
        }
        if text.contains(|c: char| c == '/' || c.is_control()) {
            return Err(TagError::BadCharacter);
        }
        if text == "." || text == ".." {
            return Err(TagError::DotSegment);
        }
        Ok(Self(text))
    }

    /// The tag's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The decoded URL path of the tag's page, as a release names it.
    #[must_use]
    pub fn route(&self) -> String {
        format!("/tags/{}", self.0)
    }

    /// The URL of the tag's page, percent-encoded, without an origin.
    #[must_use]
    pub fn url(&self) -> String {
        format!("/tags/{}", utf8_percent_encode(&self.0, crate::post::path::SEGMENT))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Tag {
    type Error = TagError;

    fn try_from(text: String) -> Result<Self, TagError> {
        Self::parse(&text)
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_trimmed_and_its_url_is_encoded() {
        let tag = Tag::parse(" C# 入门 ").unwrap();

        assert_eq!(tag.as_str(), "C# 入门");
        assert_eq!(tag.url(), "/tags/C%23%20%E5%85%A5%E9%97%A8");
    }

    #[test]
    fn what_cannot_be_a_url_segment_is_refused() {
        assert_eq!(Tag::parse("  "), Err(TagError::Empty));
        assert_eq!(Tag::parse("CI/CD"), Err(TagError::BadCharacter));
        assert_eq!(Tag::parse(".."), Err(TagError::DotSegment));
        assert_eq!(Tag::parse(&"长".repeat(65)), Err(TagError::TooLong));
    }
}
