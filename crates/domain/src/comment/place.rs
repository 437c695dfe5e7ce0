//! A place in a list of comments.

use crate::{Comment, CommentId};
use jiff::Timestamp;
use std::fmt;
use std::str::FromStr;

/// The place right after one comment in the order of lists: oldest first, then by name.
///
/// Written as `<sent, in milliseconds since 1970>~<id>`; clients treat it as opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommentPlace {
    /// When the comment was sent.
    pub at: Timestamp,
    /// Its name.
    pub id: CommentId,
}

/// The text is no place that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is the `next` of an earlier page, unchanged")]
pub struct CommentPlaceError;

impl From<&Comment> for CommentPlace {
    fn from(comment: &Comment) -> Self {
        Self { at: comment.at, id: comment.id }
    }
}

impl fmt::Display for CommentPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.at.as_millisecond(), self.id)
    }
}

impl FromStr for CommentPlace {
    type Err = CommentPlaceError;

    fn from_str(text: &str) -> Result<Self, CommentPlaceError> {
        let (at, id) = text.split_once('~').ok_or(CommentPlaceError)?;
        let at = at.parse().map_err(|_| CommentPlaceError)?;
        Ok(Self {
            at: Timestamp::from_millisecond(at).map_err(|_| CommentPlaceError)?,
            id: id.parse().map_err(|_| CommentPlaceError)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_it_was_written() {
        let at = "2026-01-31T00:00:00.125Z".parse().unwrap();
        let place = CommentPlace { at, id: CommentId::new([7; 16]) };

        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "1", "1~", "x~07070707070707070707070707070707", "99999999999999999999~0"]
        {
            assert_eq!(text.parse::<CommentPlace>(), Err(CommentPlaceError), "{text}");
        }
    }
}
