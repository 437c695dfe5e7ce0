//! A cache in this process.

mod tally;

pub use tally::MemoryTally;

use async_trait::async_trait;
use domain::Cache;
use quick_cache::Weighter;
use quick_cache::sync::Cache as Bounded;
use std::time::{Duration, Instant};

/// A cache in memory, bounded in bytes.
#[derive(Debug)]
pub struct MemoryCache(Bounded<String, Kept, ByBytes>);

#[derive(Debug, Clone)]
struct Kept {
    value: Vec<u8>,
    until: Instant,
}

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<String, Kept> for ByBytes {
    fn weight(&self, key: &String, kept: &Kept) -> u64 {
        (key.len() + kept.value.len() + size_of::<Kept>()) as u64
    }
}

impl MemoryCache {
    /// Keeps at most `max_bytes`, what is used most.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        // Most answers are pages of summaries.
        const TYPICAL_BYTES: u64 = 4096;
        let entries = usize::try_from(max_bytes / TYPICAL_BYTES).unwrap_or(usize::MAX);
        Self(Bounded::with_weighter(entries.max(16), max_bytes, ByBytes))
    }
}

#[async_trait]
impl Cache for MemoryCache {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.0.get(key).filter(|kept| kept.until > Instant::now()).map(|kept| kept.value)
    }

    async fn put(&self, key: &str, value: &[u8], lasts: Duration) {
        let kept = Kept { value: value.to_vec(), until: Instant::now() + lasts };
        self.0.insert(key.to_owned(), kept);
    }
}
