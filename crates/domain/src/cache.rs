//! The port to where answers are kept for a while.

use async_trait::async_trait;
use std::time::Duration;

/// Keeps answers under keys. It may always miss, and never fails: what cannot be had in time is
/// not there.
///
/// Keys contain the release, so nothing is ever invalidated; it ages out.
#[async_trait]
pub trait Cache: Send + Sync {
    /// What operators call this kind of cache, for metrics.
    fn name(&self) -> &'static str;

    /// Whether it answers now. One in this process always does.
    async fn is_up(&self) -> bool {
        true
    }

    /// What was put under `key`, if it is still there.
    async fn get(&self, key: &str) -> Option<Vec<u8>>;

    /// Keeps `value` under `key` for about `lasts`.
    async fn put(&self, key: &str, value: &[u8], lasts: Duration);
}
