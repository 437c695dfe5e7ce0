//! Hits gathered in this process. What was not taken over when the process dies is lost.

use async_trait::async_trait;
use domain::{Batch, Counts, Day, Hit, HitOutcome, PostPath, StoreError, Tally};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Hits in memory, for an API without replicas.
#[derive(Debug, Default)]
pub struct MemoryTally(Mutex<Gathered>);

#[derive(Debug, Default)]
struct Gathered {
    /// The day that `salt` and `seen` are of.
    day: Option<i64>,
    salt: Option<[u8; 32]>,
    seen: HashSet<([u8; 16], domain::Counted, PostPath)>,
    /// Hits of each visitor in the minute that began then.
    recent: HashMap<[u8; 16], u32>,
    recent_since: Option<Instant>,
    pending: BTreeMap<PostPath, Counts>,
    batch: Option<Batch>,
    last: i64,
}

const MINUTE: Duration = Duration::from_mins(1);

impl Gathered {
    /// Forgets what belongs to another day.
    fn turn_to(&mut self, day: Day) {
        if self.day != Some(day.number) {
            (self.day, self.salt) = (Some(day.number), None);
            self.seen.clear();
        }
    }

    fn is_too_many(&mut self, hit: &Hit) -> bool {
        if self.recent_since.is_none_or(|since| since.elapsed() > MINUTE) {
            self.recent.clear();
            self.recent_since = Some(Instant::now());
        }
        let recent = self.recent.entry(hit.visitor).or_default();
        *recent += 1;
        *recent > hit.most_per_minute
    }
}

impl MemoryTally {
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Tally for MemoryTally {
    async fn salt(&self, day: Day, fresh: [u8; 32]) -> Result<[u8; 32], StoreError> {
        let mut gathered = self.lock();
        gathered.turn_to(day);
        Ok(*gathered.salt.get_or_insert(fresh))
    }

    async fn hit(&self, hit: &Hit) -> Result<HitOutcome, StoreError> {
        let mut gathered = self.lock();
        gathered.turn_to(hit.day);
        if gathered.is_too_many(hit) {
            return Ok(HitOutcome::TooMany);
        }
        if !gathered.seen.insert((hit.visitor, hit.counted, hit.path.clone())) {
            return Ok(HitOutcome::Known);
        }
        gathered.pending.entry(hit.path.clone()).or_default().count(hit.counted);
        Ok(HitOutcome::New)
    }

    async fn batch(&self) -> Result<Option<Batch>, StoreError> {
        let mut gathered = self.lock();
        if gathered.batch.is_none() && !gathered.pending.is_empty() {
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_micros();
            gathered.last = i64::try_from(now).unwrap_or(i64::MAX).max(gathered.last + 1);
            let counts = std::mem::take(&mut gathered.pending).into_iter().collect();
            gathered.batch = Some(Batch { number: gathered.last, counts });
        }
        Ok(gathered.batch.clone())
    }

    async fn settle(&self, number: i64) -> Result<(), StoreError> {
        let mut gathered = self.lock();
        gathered.batch.take_if(|batch| batch.number == number);
        Ok(())
    }
}
