//! The port through which posts are read.

use crate::{
    CurrentRelease, Post, PostDetail, PostPath, PostQuery, PostSummary, ReleaseSeq, SeriesCount,
    StoreError, TagCount, VisiblePost, YearCount,
};
use async_trait::async_trait;

/// Reads registered posts. The API holds this, and so has no way to write.
///
/// A caller asks for the [current release](PostReader::current) once and passes its number to
/// every further question of the same request, so that one answer never mixes two releases.
#[async_trait]
pub trait PostReader: Send + Sync {
    /// The release that readers see, or `None` before the first was registered.
    async fn current(&self) -> Result<Option<CurrentRelease>, StoreError>;

    /// The posts that `query` asks for, newest first.
    async fn list(
        &self,
        release: ReleaseSeq,
        query: &PostQuery,
    ) -> Result<Vec<PostSummary>, StoreError>;

    /// What the page of the post at `path` shows beside its summary, or `None` if this release has
    /// none there.
    async fn detail(
        &self,
        release: ReleaseSeq,
        path: &PostPath,
    ) -> Result<Option<PostDetail>, StoreError>;

    /// Every tag with its count, most posts first, then by name.
    async fn tags(&self, release: ReleaseSeq) -> Result<Vec<TagCount>, StoreError>;

    /// Every year with its count, newest first.
    async fn years(&self, release: ReleaseSeq) -> Result<Vec<YearCount>, StoreError>;

    /// Every series with its count, by name.
    async fn series(&self, release: ReleaseSeq) -> Result<Vec<SeriesCount>, StoreError>;

    /// Which version of each post the release shows, in no particular order: enough to see what
    /// differs from another release.
    async fn versions(&self, release: ReleaseSeq) -> Result<Vec<VisiblePost>, StoreError>;

    /// The posts at `paths`, with their text, in no particular order. Those that the release does
    /// not have are left out.
    async fn some(&self, release: ReleaseSeq, paths: &[PostPath]) -> Result<Vec<Post>, StoreError>;
}
