//! A release: one immutable state of the whole blog.

pub(crate) mod difference;
pub(crate) mod writer;

use crate::{ContentHash, HashError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The hash of a release's index and posts: the same content has the same id on any machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReleaseId(ContentHash);

impl ReleaseId {
    /// Names a release by the hash of what it holds.
    #[must_use]
    pub const fn new(hash: ContentHash) -> Self {
        Self(hash)
    }

    /// The first 16 digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.0.short()
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ReleaseId {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        text.parse().map(Self)
    }
}

/// The number that a store gives a release when it begins to register it: 1, 2, 3, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReleaseSeq(pub i64);

impl fmt::Display for ReleaseSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The release that readers see: what the store's pointer names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentRelease {
    /// Its number in this store.
    pub seq: ReleaseSeq,
    /// Its id.
    pub id: ReleaseId,
    /// How many posts it has.
    pub posts: u64,
    /// When the pointer was set to it.
    pub at: Timestamp,
}
