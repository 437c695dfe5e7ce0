//! Blobs in memory: pages are small and read often.

use bytes::Bytes;
use domain::ContentHash;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use release::{Encoding, Release};
use std::io;

/// Larger blobs are read from their file each time, a piece at a time.
pub(crate) const SMALL_BYTES: u64 = 256 * 1024;
/// For the first guess at how many fit.
const TYPICAL_BYTES: u64 = 8 * 1024;

/// Small blobs that were read, bounded in bytes. Their name is the hash of what they hold, so
/// nothing in here is ever out of date.
#[derive(Debug)]
pub(crate) struct Blobs(Cache<Key, Bytes, ByBytes>);

type Key = (ContentHash, Option<Encoding>);

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<Key, Bytes> for ByBytes {
    fn weight(&self, _: &Key, bytes: &Bytes) -> u64 {
        (bytes.len() + size_of::<Key>() + size_of::<Bytes>()) as u64
    }
}

impl Blobs {
    /// Keeps at most `max_bytes`.
    pub(crate) fn new(max_bytes: u64) -> Self {
        let entries = usize::try_from(max_bytes / TYPICAL_BYTES).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(entries.max(16), max_bytes, ByBytes))
    }

    /// A small blob, whole.
    pub(crate) async fn read(&self, release: &Release, key: Key) -> io::Result<Bytes> {
        if let Some(bytes) = self.0.get(&key) {
            return Ok(bytes);
        }
        let bytes = Bytes::from(tokio::fs::read(release.blob_path(&key.0, key.1)).await?);
        self.0.insert(key, bytes.clone());
        Ok(bytes)
    }
}
