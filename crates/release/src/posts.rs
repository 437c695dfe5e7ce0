//! `posts.ndjson`: one post a line, newest first.

use crate::ReleaseError;
use domain::Post;

/// A line that is no post.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of posts.ndjson is not a post")]
pub struct LineError {
    /// Counted from 1.
    pub line: usize,
    /// What the decoder said.
    pub source: serde_json::Error,
}

/// Writes `posts`, one a line, in the order given.
///
/// # Errors
///
/// [`ReleaseError::Encode`], which would be a fault of the program.
pub fn write_posts(posts: &[Post]) -> Result<Vec<u8>, ReleaseError> {
    let mut bytes = Vec::new();
    for post in posts {
        serde_json::to_writer(&mut bytes, post).map_err(ReleaseError::Encode)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// Reads what [`write_posts`] wrote, one post at a time; empty lines are passed over.
pub fn read_posts(bytes: &[u8]) -> impl Iterator<Item = Result<Post, LineError>> + '_ {
    bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, text)| !text.trim_ascii().is_empty())
        .map(|(index, text)| {
            serde_json::from_slice(text).map_err(|source| LineError { line: index + 1, source })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let line = read_posts(b"\n\n{}\n").next().unwrap().unwrap_err().line;

        assert_eq!(line, 3);
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            read_posts(&bytes).for_each(drop);
        }
    }
}
