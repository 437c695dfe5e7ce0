//! `posts.ndjson`: one post a line, newest first.

use crate::ReleaseError;
use domain::{ContentHash, Post};
use std::io::{self, Write};

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
    let encode = |error| ReleaseError::Encode(serde_json::Error::io(error));
    write_lines(posts, &mut bytes).map_err(encode)?;
    Ok(bytes)
}

/// Writes `posts` to `out` as [`write_posts`] does, without holding them all.
pub(crate) fn write_lines<'a>(
    posts: impl IntoIterator<Item = &'a Post>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut line = Vec::new();
    for post in posts {
        line.clear();
        serde_json::to_writer(&mut line, post)?;
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}

/// Reads what [`write_posts`] wrote as it arrives, in pieces of any size, so that a blog of any
/// size fits into memory. Empty lines are passed over.
#[derive(Debug, Default)]
pub struct PostsDecoder {
    hasher: blake3::Hasher,
    rest: Vec<u8>,
    line: usize,
}

impl PostsDecoder {
    /// Takes the next piece and returns the posts that it completes.
    ///
    /// # Errors
    ///
    /// [`LineError`] for the first line that is no post; the file is not to be trusted then.
    pub fn push(&mut self, piece: &[u8]) -> Result<Vec<Post>, LineError> {
        self.hasher.update(piece);
        self.rest.extend_from_slice(piece);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(Vec::new());
        };
        let rest = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, rest);
        self.decode(&whole[..end])
    }

    /// Takes the end of the file: the post that stands without a final newline, if any, and the
    /// hash of all that was read, to be compared with [`crate::Manifest::posts_hash`].
    ///
    /// # Errors
    ///
    /// As [`PostsDecoder::push`].
    pub fn finish(mut self) -> Result<(Vec<Post>, ContentHash), LineError> {
        let rest = std::mem::take(&mut self.rest);
        let posts = self.decode(&rest)?;
        Ok((posts, ContentHash::new(*self.hasher.finalize().as_bytes())))
    }

    fn decode(&mut self, lines: &[u8]) -> Result<Vec<Post>, LineError> {
        let mut posts = Vec::new();
        for text in lines.split(|byte| *byte == b'\n') {
            self.line += 1;
            if !text.trim_ascii().is_empty() {
                let line = self.line;
                let post = serde_json::from_slice(text);
                posts.push(post.map_err(|source| LineError { line, source })?);
            }
        }
        Ok(posts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn post(name: &str) -> Post {
        serde_json::from_value(serde_json::json!({
            "path": format!("blog/{name}.md"), "title": "墨", "date": "2026-01-01",
            "published_at": "2026-01-01T00:00:00Z", "brev": "", "tags": [], "lang": "zh",
            "words": 1, "minutes": 1, "outline": [], "text": "栈\n", "hash": "0".repeat(64),
        }))
        .unwrap()
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let mut decoder = PostsDecoder::default();

        assert!(decoder.push(b"\n\n{").unwrap().is_empty());

        assert_eq!(decoder.push(b"}\n").unwrap_err().line, 3);
    }

    proptest! {
        #[test]
        fn posts_read_back_however_they_are_cut(size in 1usize..200, count in 0usize..5) {
            let posts: Vec<Post> = (0..count).map(|index| post(&index.to_string())).collect();
            let bytes = write_posts(&posts).unwrap();
            let mut decoder = PostsDecoder::default();
            let mut read = Vec::new();
            for piece in bytes.chunks(size) {
                read.extend(decoder.push(piece).unwrap());
            }
            let (rest, hash) = decoder.finish().unwrap();
            read.extend(rest);
            prop_assert_eq!(read, posts);
            prop_assert_eq!(hash, crate::content_hash(&bytes));
        }

        #[test]
        fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut decoder = PostsDecoder::default();
            let _ = decoder.push(&bytes);
            let _ = decoder.finish();
        }
    }
}
