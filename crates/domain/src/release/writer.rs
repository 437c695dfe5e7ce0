//! The port through which a release is registered.

use crate::{ContentHash, CurrentRelease, Post, PostPath, ReleaseId, ReleaseSeq, StoreError};
use async_trait::async_trait;
use std::time::Duration;

/// Registers releases. Only the content loader holds this.
///
/// A store keeps one document for each version of a post with the interval of releases in which
/// it is visible (`since`, `until`), and one pointer document that names the release that readers
/// see (`seq`), the newest one that was ever completed (`head`), and the lease. What is written
/// for a release beyond `head` is seen by nobody until [`PostWriter::flip`].
///
/// Order of one run: [`prepare`](Self::prepare) → [`lease`](Self::lease) →
/// [`recover`](Self::recover) → [`begin`](Self::begin) → [`retire`](Self::retire) →
/// [`insert`](Self::insert) → [`count`](Self::count) → [`flip`](Self::flip) →
/// [`collect`](Self::collect) → [`give_back`](Self::give_back). Everything may be cut short at any
/// point and run again.
#[async_trait]
pub trait PostWriter: Send + Sync {
    /// Creates collections, tables and indexes that are missing.
    async fn prepare(&self) -> Result<(), StoreError>;

    /// The release that readers see.
    async fn current(&self) -> Result<Option<CurrentRelease>, StoreError>;

    /// Takes the lease for `holder`, or renews it if `holder` has it already. `None` if somebody
    /// else holds it and it has not expired. Expiry is judged by the store's clock.
    async fn lease(&self, holder: &str, lasts: Duration) -> Result<Option<Lease>, StoreError>;

    /// Gives the lease back. Nothing happens if it was lost meanwhile.
    async fn give_back(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Removes what a run that was cut short left beyond `head`. Returns how many versions were
    /// removed or reopened.
    async fn recover(&self, lease: &Lease) -> Result<u64, StoreError>;

    /// The newest release that was completed, whether or not the pointer is at it.
    async fn head(&self) -> Result<Option<CurrentRelease>, StoreError>;

    /// What is visible in the newest completed release, in the order of paths.
    async fn visible_in_head(&self) -> Result<Vec<VisiblePost>, StoreError>;

    /// Gives `release` a number that was never given before and notes that it is loading.
    async fn begin(
        &self,
        lease: &Lease,
        release: &ReleaseId,
        posts: u64,
    ) -> Result<ReleaseSeq, StoreError>;

    /// Ends the visible versions at `paths` with release `seq`.
    async fn retire(
        &self,
        lease: &Lease,
        seq: ReleaseSeq,
        paths: &[PostPath],
    ) -> Result<(), StoreError>;

    /// Inserts versions that are visible from release `seq` on.
    async fn insert(
        &self,
        lease: &Lease,
        seq: ReleaseSeq,
        posts: &[Post],
    ) -> Result<(), StoreError>;

    /// How many posts release `seq` would show.
    async fn count(&self, seq: ReleaseSeq) -> Result<u64, StoreError>;

    /// Points readers at `seq`, in one write, if the lease still holds.
    ///
    /// # Errors
    ///
    /// [`StoreError::LeaseLost`] if it does not; then nothing changed.
    async fn flip(&self, lease: &Lease, seq: ReleaseSeq) -> Result<CurrentRelease, StoreError>;

    /// Removes versions that no release among the newest `keep` (and none from the pointer on)
    /// shows. Returns how many.
    async fn collect(&self, lease: &Lease, keep: u32) -> Result<u64, StoreError>;

    /// The completed releases that can still be shown, newest first.
    async fn releases(&self) -> Result<Vec<CurrentRelease>, StoreError>;
}

/// The right to write, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub holder: String,
    /// How long it lasted when it was taken or renewed.
    pub lasts: Duration,
}

/// A post as the store shows it: enough to see whether it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisiblePost {
    /// Where it is.
    pub path: PostPath,
    /// Which version.
    pub hash: ContentHash,
}
