//! A place in the list of posts.

use crate::post::newest_first;
use crate::{PostPath, PostSummary};
use jiff::Timestamp;
use std::fmt;
use std::str::FromStr;

/// The place right after one post in the order of lists.
///
/// Written as `<published, in nanoseconds since 1970>~<path>`; clients treat it as opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The post's instant of publication.
    pub published_at: Timestamp,
    /// The post's path.
    pub path: PostPath,
}

/// The text is no cursor that this API gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cursor is the `next` of an earlier page, unchanged")]
pub struct CursorError;

impl From<&PostSummary> for Cursor {
    fn from(post: &PostSummary) -> Self {
        Self { published_at: post.published_at, path: post.path.clone() }
    }
}

impl Cursor {
    /// Whether `post` stands behind this place in the order of lists.
    #[must_use]
    pub fn is_before(&self, post: &PostSummary) -> bool {
        newest_first((self.published_at, &self.path), (post.published_at, &post.path)).is_lt()
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.published_at.as_nanosecond(), self.path)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (at, path) = text.split_once('~').ok_or(CursorError)?;
        let at: i128 = at.parse().map_err(|_| CursorError)?;
        Ok(Self {
            published_at: Timestamp::from_nanosecond(at).map_err(|_| CursorError)?,
            path: PostPath::parse(path).map_err(|_| CursorError)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back_as_it_was_written(nanos in -10i128.pow(18)..10i128.pow(19), name in "[a-z\u{4e00}-\u{9fff}]{1,8}") {
            let path = PostPath::parse(&format!("blog/{name}.md")).unwrap();
            let cursor = Cursor { published_at: Timestamp::from_nanosecond(nanos).unwrap(), path };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn no_text_makes_reading_panic(text in "\\PC*|[-0-9]{0,30}~\\PC*") {
            let _ = text.parse::<Cursor>();
        }
    }
}
