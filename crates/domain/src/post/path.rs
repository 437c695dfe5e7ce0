//! The identity of a post: a checked path, and the URLs that follow from it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// What is encoded in one segment of a URL path: all but RFC 3986's unreserved characters.
pub(crate) const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a post is, relative to the site: `blog/2019/191013-使用Gitlab-CI部署集群.md`.
///
/// NFC-normalised, `/` between segments, ends in `.md`. It cannot leave its folder: no segment
/// is empty, `.` or `..`. Its first segment is not `api` and does not begin with `_`, which the
/// gateway keeps for itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PostPath(String);

/// Why a text is no post's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostPathError {
    /// It does not end in `.md`, or nothing stands before that.
    #[error("a post's path ends in `.md`")]
    NotMarkdown,
    /// An empty segment, `.` or `..`, or a leading `/`.
    #[error("a post's path is relative and has no empty, `.` or `..` segment")]
    BadSegment,
    /// A backslash or a control character.
    #[error("a post's path has no backslash and no control characters")]
    BadCharacter,
    /// Longer than [`PostPath::MAX_BYTES`].
    #[error("a post's path has at most 512 bytes")]
    TooLong,
    /// It would lie under `/api/` or `/_…`.
    #[error("a post's path does not begin with `api/` or `_`, which are not for posts")]
    Reserved,
}

impl PostPath {
    /// The longest path.
    pub const MAX_BYTES: usize = 512;

    /// Checks `text` and makes it a path.
    ///
    /// # Errors
    ///
    /// [`PostPathError`] says which rule is broken; the remedy is another `path` in the header
    /// or another file name.
    ///
    /// ```
    /// use domain::PostPath;
    ///
    /// let path = PostPath::parse("blog/2019/a b.md").unwrap();
    /// assert_eq!(path.url(), "/blog/2019/a%20b");
    /// assert!(PostPath::parse("../secret.md").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, PostPathError> {
        let text: String = text.nfc().collect();
        if text.len() > Self::MAX_BYTES {
            return Err(PostPathError::TooLong);
        }
        if text.contains(|c: char| c == '\\' || c.is_control()) {
            return Err(PostPathError::BadCharacter);
        }
        let stem = text.strip_suffix(".md").ok_or(PostPathError::NotMarkdown)?;
        if stem.is_empty() || stem.ends_with('/') {
            return Err(PostPathError::NotMarkdown);
        }
        if stem.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(PostPathError::BadSegment);
        }
        if stem.starts_with('_') || stem == "api" || stem.starts_with("api/") {
            return Err(PostPathError::Reserved);
        }
        Ok(Self(text))
    }

    /// Reads the decoded path of a URL, with or without a leading `/` and a final `.md`.
    ///
    /// # Errors
    ///
    /// As [`PostPath::parse`].
    pub fn from_route(route: &str) -> Result<Self, PostPathError> {
        let route = route.strip_prefix('/').unwrap_or(route);
        let stem = route.strip_suffix(".md").unwrap_or(route);
        Self::parse(&format!("{stem}.md"))
    }

    /// The path, ending in `.md`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The decoded URL path of the page, as a release names it: `/blog/2019/x`.
    #[must_use]
    pub fn route(&self) -> String {
        format!("/{}", self.stem())
    }

    /// The decoded URL path of the raw Markdown: `/blog/2019/x.md`.
    #[must_use]
    pub fn raw_route(&self) -> String {
        format!("/{}", self.0)
    }

    /// The URL of the page, percent-encoded, without an origin.
    #[must_use]
    pub fn url(&self) -> String {
        encoded(self.stem())
    }

    /// The URL of the raw Markdown, percent-encoded, without an origin.
    #[must_use]
    pub fn raw_url(&self) -> String {
        encoded(&self.0)
    }

    /// The decoded address that the old site had for a post: `/blog/page/2019/x.md`, for posts
    /// under `blog/`.
    #[must_use]
    pub fn legacy_route(&self) -> Option<String> {
        self.0.strip_prefix("blog/").map(|rest| format!("/blog/page/{rest}"))
    }

    /// The file's name without `.md`.
    #[must_use]
    pub fn file_stem(&self) -> &str {
        self.stem().rsplit('/').next().unwrap_or_default()
    }

    /// Equal for two paths that differ only in letter case, which one file system or browser
    /// cannot tell apart.
    #[must_use]
    pub fn case_key(&self) -> String {
        self.0.to_lowercase()
    }

    fn stem(&self) -> &str {
        self.0.strip_suffix(".md").unwrap_or(&self.0)
    }
}

/// `/` and each segment of `path`, percent-encoded.
fn encoded(path: &str) -> String {
    path.split('/').fold(String::with_capacity(path.len() * 2), |mut url, segment| {
        url.push('/');
        url.extend(utf8_percent_encode(segment, SEGMENT));
        url
    })
}

impl fmt::Display for PostPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PostPath {
    type Error = PostPathError;

    fn try_from(text: String) -> Result<Self, PostPathError> {
        Self::parse(&text)
    }
}

impl From<PostPath> for String {
    fn from(path: PostPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_cannot_leave_its_folder() {
        for text in ["../a.md", "blog/../a.md", "/a.md", "a//b.md", "./a.md", "blog/..md/../x.md"] {
            assert_eq!(PostPath::parse(text), Err(PostPathError::BadSegment), "{text}");
        }
    }

    #[test]
    fn the_gateways_own_addresses_are_not_for_posts() {
        for text in ["api/a.md", "api.md", "_release/a.md"] {
            assert_eq!(PostPath::parse(text), Err(PostPathError::Reserved), "{text}");
        }
    }

    #[test]
    fn two_ways_to_write_one_letter_are_one_path() {
        assert_eq!(PostPath::parse("cafe\u{301}.md"), PostPath::parse("caf\u{e9}.md"));
    }

    #[test]
    fn the_old_sites_address_is_known() {
        let path = PostPath::parse("blog/2019/x.md").unwrap();

        assert_eq!(path.legacy_route().as_deref(), Some("/blog/page/2019/x.md"));
        assert_eq!(path.raw_url(), "/blog/2019/x.md");
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_round_trips(text in "\\PC*|[a-z/.]{0,12}\\.md") {
            if let Ok(path) = PostPath::parse(&text) {
                prop_assert_eq!(PostPath::parse(path.as_str()), Ok(path.clone()));
                prop_assert_eq!(PostPath::from_route(&path.raw_route()), Ok(path.clone()));
                let decoded = percent_encoding::percent_decode_str(&path.url()).decode_utf8().unwrap().into_owned();
                prop_assert_eq!(decoded, path.route());
            }
        }
    }
}
