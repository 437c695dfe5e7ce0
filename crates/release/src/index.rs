//! The index: what every URL of a release answers.

use crate::{Encoding, ReleaseError, content_hash};
use domain::{ContentHash, ReleaseId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the format on disk and over the wire. A reader refuses any other.
pub const FORMAT: u32 = 1;

/// What every URL of a release answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// [`FORMAT`].
    pub format: u32,
    /// Hash of all the rest of this index, and so, through `posts`, of the whole release.
    pub id: ReleaseId,
    /// The posts' file.
    pub posts: PostsFile,
    /// The route of the page that is sent with 404.
    pub not_found: String,
    /// What its HTML pages may do (Content Security Policy Level 3, §2.2); empty if it says nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub policy: String,
    /// Decoded, NFC-normalised URL path, beginning with `/`, to what is there.
    pub entries: BTreeMap<String, Entry>,
}

/// What is known of `posts.ndjson`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostsFile {
    /// Hash of the file.
    pub hash: ContentHash,
    /// How many posts, one a line.
    pub count: u64,
    /// Its size.
    pub bytes: u64,
}

/// What is at one URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// A file.
    File(File),
    /// Another address, for good.
    Redirect {
        /// Percent-encoded URL, beginning with `/`.
        to: String,
    },
}

/// A file that a release serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The blob that holds it.
    pub blob: ContentHash,
    /// Its size, uncompressed.
    pub bytes: u64,
    /// Its media type, with charset for text.
    pub content_type: String,
    /// How long it may be kept.
    pub cache: CachePolicy,
    /// The compressed forms beside it, with their sizes in bytes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub encodings: BTreeMap<Encoding, u64>,
}

/// How long an answer may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CachePolicy {
    /// A page: a minute, and longer while a fresh one is fetched or cannot be had (RFC 5861).
    Page,
    /// A file whose URL contains its hash: for ever (RFC 8246).
    Immutable,
}

impl CachePolicy {
    /// The value of `Cache-Control`.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::Page => "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400",
            Self::Immutable => "public, max-age=31536000, immutable",
        }
    }
}

/// The parts of an index that its id is the hash of, in this order.
#[derive(Serialize)]
struct Identified<'a> {
    format: u32,
    posts: &'a PostsFile,
    not_found: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    policy: &'a str,
    entries: &'a BTreeMap<String, Entry>,
}

impl Index {
    /// Puts an index together and names it.
    pub(crate) fn new(
        posts: PostsFile,
        not_found: String,
        policy: String,
        entries: BTreeMap<String, Entry>,
    ) -> Result<Self, ReleaseError> {
        let identified = Identified {
            format: FORMAT,
            posts: &posts,
            not_found: &not_found,
            policy: &policy,
            entries: &entries,
        };
        let canonical = serde_json::to_vec(&identified).map_err(ReleaseError::Encode)?;
        let id = ReleaseId::new(content_hash(&canonical));
        Ok(Self { format: FORMAT, id, posts, not_found, policy, entries })
    }

    /// Every file of the release.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.entries.values().filter_map(|entry| match entry {
            Entry::File(file) => Some(file),
            Entry::Redirect { .. } => None,
        })
    }
}
