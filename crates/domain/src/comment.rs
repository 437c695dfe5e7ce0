//! What readers write below a post.
//!
//! A comment is plain text: whoever shows it escapes it. It is held until somebody has looked at it,
//! and belongs to a post's path, not to a version of the post: it stays when the post is changed or
//! vanishes.

pub(crate) mod place;
pub(crate) mod store;
pub(crate) mod text;

use crate::PostPath;
use jiff::Timestamp;
use std::fmt;
use std::str::FromStr;
use text::{Author, CommentText};

/// The name of a comment: 128 bits, written as 32 lowercase hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommentId(u128);

/// Who sent a comment: a keyed hash of an address, 128 bits, written as 32 lowercase hexadecimal
/// digits. Without the key, nobody learns the address from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sender(u128);

/// The text is not 32 lowercase hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is 32 lowercase hexadecimal digits")]
pub struct DigitsError;

/// Who may read a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentState {
    /// Only whoever moderates.
    Held,
    /// Everybody.
    Approved,
}

/// One comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its name.
    pub id: CommentId,
    /// The post below which it stands.
    pub path: PostPath,
    /// What its author wants to be called.
    pub author: Author,
    /// What it says.
    pub text: CommentText,
    /// When it was sent, to the millisecond.
    pub at: Timestamp,
    /// Who may read it.
    pub state: CommentState,
    /// Where it came from.
    pub sender: Sender,
}

impl Comment {
    /// Whether it is `other`, sent once more: from another address perhaps, if the first answer was
    /// lost with the network.
    #[must_use]
    pub fn is_again(&self, other: &Self) -> bool {
        let Self { id, path, author, text, at: _, state: _, sender: _ } = other;
        (&self.id, &self.path, &self.author, &self.text) == (id, path, author, text)
    }
}

impl CommentState {
    /// Its name in stores and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Approved => "approved",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Held, Self::Approved].into_iter().find(|state| state.name() == name)
    }
}

impl CommentId {
    /// Names a comment by bits that nobody else has.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

impl Sender {
    /// Wraps a hash that was computed elsewhere.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

fn digits(text: &str) -> Result<u128, DigitsError> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 32 || !text.bytes().all(is_digit) {
        return Err(DigitsError);
    }
    u128::from_str_radix(text, 16).map_err(|_| DigitsError)
}

impl FromStr for CommentId {
    type Err = DigitsError;

    fn from_str(text: &str) -> Result<Self, DigitsError> {
        digits(text).map(Self)
    }
}

impl FromStr for Sender {
    type Err = DigitsError;

    fn from_str(text: &str) -> Result<Self, DigitsError> {
        digits(text).map(Self)
    }
}

impl fmt::Display for CommentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_as_it_was_written_and_nothing_else_is_one() {
        let id = CommentId::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);

        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "0", &"A".repeat(32), &"+".repeat(32), &"0".repeat(33)] {
            assert_eq!(text.parse::<CommentId>(), Err(DigitsError), "{text}");
        }
    }
}
