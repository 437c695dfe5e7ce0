//! What a neighbour needs to know of a release before it reads the posts.

use crate::Index;
use domain::{ContentHash, ReleaseId};
use serde::{Deserialize, Serialize};

/// What `/_release/release.json` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`crate::FORMAT`].
    pub format: u32,
    /// Which release.
    pub id: ReleaseId,
    /// How many posts `/_release/posts.ndjson` has.
    pub posts: u64,
    /// The hash of `/_release/posts.ndjson`.
    pub posts_hash: ContentHash,
}

impl From<&Index> for Manifest {
    fn from(index: &Index) -> Self {
        Self {
            format: index.format,
            id: index.id,
            posts: index.posts.count,
            posts_hash: index.posts.hash,
        }
    }
}
