//! The port through which posts are read.

use crate::{CurrentRelease, Post, PostPath, ReleaseSeq, StoreError, VisiblePost};
use async_trait::async_trait;

/// Reads registered posts. The API holds this, and so has no way to write.
///
/// It holds what readers ask for in memory, so this has no more than what it takes to learn a release:
/// which is [current](PostReader::current), which [versions](PostReader::versions) it shows, and
/// [some](PostReader::some) of them.
#[async_trait]
pub trait PostReader: Send + Sync {
    /// The release that readers see, or `None` before the first was registered.
    async fn current(&self) -> Result<Option<CurrentRelease>, StoreError>;

    /// Which version of each post the release shows, in no particular order: enough to see what
    /// differs from another release.
    async fn versions(&self, release: ReleaseSeq) -> Result<Vec<VisiblePost>, StoreError>;

    /// The posts at `paths`, with their text, in no particular order. Those that the release does
    /// not have are left out.
    async fn some(&self, release: ReleaseSeq, paths: &[PostPath]) -> Result<Vec<Post>, StoreError>;
}
