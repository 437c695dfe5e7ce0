//! Answers that are kept in memory: bounded in bytes, and not washed out by a robot that asks for
//! everything once (`quick_cache` admits like S3-FIFO).

mod control;
mod entry;
mod flight;
mod key;
mod reply;

pub use self::control::{CacheControl, Freshness};
pub(crate) use self::entry::{Entry, Filling};
pub(crate) use self::flight::{Flight, Turn};
pub(crate) use self::key::{Codings, Key, path, target};
pub(crate) use self::reply::{Asked, Reply};

use self::flight::Flights;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use service_kit::Metrics;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A larger answer is not kept: it would push out this part of all others.
const MAX_PART: u64 = 8;
/// Answers of this size are expected, to know how many there may be.
const USUAL_BYTES: u64 = 8 * 1024;
/// How long it is remembered that an answer may not be kept, so that nobody waits for it.
const PASS: Duration = Duration::from_secs(30);

/// What is kept under a key.
#[derive(Debug, Clone)]
enum Kept {
    Answer(Arc<Entry>),
    /// The answer may not be kept, as was found then.
    Pass {
        at: Instant,
        is_short: bool,
    },
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Kept> for Bytes {
    fn weight(&self, key: &Key, kept: &Kept) -> u64 {
        let size = match kept {
            Kept::Answer(entry) => entry.size(),
            Kept::Pass { .. } => 0,
        };
        u64::try_from(key.size() + size).unwrap_or(u64::MAX)
    }
}

/// What is known of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// It may be used without asking anybody.
    Fresh(Arc<Entry>),
    /// It may be used now, and is to be asked for anew.
    Stale(Arc<Entry>),
    /// It may be used if nobody has another one.
    Old(Arc<Entry>),
    /// It may not be kept.
    Pass {
        /// It came whole and had a length that was said before.
        is_short: bool,
    },
    Nothing,
}

/// All kept answers.
pub(crate) struct Answers {
    kept: Cache<Key, Kept, Bytes>,
    flights: Flights,
    max_entry: u64,
    pub(crate) hits: Counter,
    pub(crate) stale: Counter,
    pub(crate) misses: Counter,
    bytes: Gauge,
}

impl Answers {
    /// Keeps at most `capacity` bytes; 0 keeps nothing.
    pub(crate) fn new(capacity: u64, metrics: &Metrics) -> Self {
        let items = usize::try_from(capacity / USUAL_BYTES).unwrap_or(usize::MAX).max(16);
        let answers = Self {
            kept: Cache::with_weighter(items, capacity, Bytes),
            flights: Flights::default(),
            max_entry: capacity / MAX_PART,
            hits: Counter::default(),
            stale: Counter::default(),
            misses: Counter::default(),
            bytes: Gauge::default(),
        };
        metrics.register("cache_hits", "Answers from memory", answers.hits.clone());
        let help = "Answers from memory that were no longer fresh";
        metrics.register("cache_stale", help, answers.stale.clone());
        metrics.register(
            "cache_misses",
            "Answers that a service had to give",
            answers.misses.clone(),
        );
        metrics.register("cache_bytes", "Bytes of answers in memory", answers.bytes.clone());
        answers
    }

    /// What is kept under `key`.
    pub(crate) fn find(&self, key: &Key, now: Instant) -> Found {
        let kept = self.kept.get(key).or_else(|| self.kept.get(&key.for_all_codings()));
        match kept {
            Some(Kept::Answer(entry)) => entry.found(now),
            Some(Kept::Pass { at, is_short }) if now.saturating_duration_since(at) < PASS => {
                Found::Pass { is_short }
            }
            Some(Kept::Pass { .. }) | None => Found::Nothing,
        }
    }

    /// Whether an answer of `bytes` may be kept.
    pub(crate) fn has_room_for(&self, bytes: usize) -> bool {
        u64::try_from(bytes).is_ok_and(|bytes| bytes <= self.max_entry)
    }

    /// Keeps `entry`.
    pub(crate) fn keep(&self, key: &Key, entry: Entry) {
        if !self.has_room_for(entry.size()) {
            return;
        }
        let key = if entry.varies() { key.clone() } else { key.for_all_codings() };
        self.kept.insert(key, Kept::Answer(Arc::new(entry)));
        self.count();
    }

    /// Notes that the answer may not be kept, unless there is one that may still be used.
    pub(crate) fn pass(&self, key: &Key, now: Instant, is_short: bool) {
        if matches!(self.find(key, now), Found::Nothing) {
            self.kept.insert(key.clone(), Kept::Pass { at: now, is_short });
        }
    }

    /// Notes that an answer that may not be kept is not short any more.
    pub(crate) fn pass_long(&self, key: &Key) {
        if let Some(Kept::Pass { at, .. }) = self.kept.get(key) {
            self.kept.insert(key.clone(), Kept::Pass { at, is_short: false });
        }
    }

    /// Forgets all that is kept of `target`: every release, host and coding.
    pub(crate) fn forget(&self, target: &str) {
        self.kept.retain(|key, _| &**key.target() != target);
        self.count();
    }

    /// The right to ask a service, or the wait for whoever has it.
    pub(crate) fn turn(&self, key: &Key) -> Turn {
        self.flights.turn(key)
    }

    fn count(&self) {
        self.bytes.set(i64::try_from(self.kept.weight()).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests;
