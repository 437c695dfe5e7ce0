//! Views and likes: counting them, taking them over into the store, and knowing them.

use crate::error::ApiError;
use domain::{CountStore, Counts, Day, Hit, HitOutcome, PostCounts, PostPath, StoreError, Tally};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Counts hits and knows the sums. Clones are the same.
#[derive(Clone)]
pub(crate) struct Counter {
    tally: Arc<dyn Tally>,
    store: Arc<dyn CountStore>,
    salt: Arc<Mutex<Option<DaySalt>>>,
    known: Arc<RwLock<Arc<Known>>>,
}

/// A day's number and its salt.
type DaySalt = (i64, [u8; 32]);

/// How often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Between two batches.
    pub(crate) every: Duration,
    /// Between two exchanges of what answers show.
    pub(crate) age: Duration,
}

/// The sums at some moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// The newest batch in it: two with one version are the same.
    pub(crate) version: i64,
    posts: HashMap<PostPath, PostCounts>,
}

impl Known {
    /// The counts of the post at `path`.
    pub(crate) fn counts(&self, path: &PostPath) -> Counts {
        self.posts.get(path).map(|post| post.counts).unwrap_or_default()
    }

    /// How popular the post at `path` is.
    pub(crate) fn score(&self, path: &PostPath) -> f64 {
        self.posts.get(path).map_or(0.0, |post| post.score)
    }

    fn learn(&mut self, new: Vec<PostCounts>) {
        for post in new {
            self.version = self.version.max(post.batch);
            self.posts.insert(post.path.clone(), post);
        }
    }
}

impl Counter {
    pub(crate) fn new(tally: Arc<dyn Tally>, store: Arc<dyn CountStore>) -> Self {
        Self { tally, store, salt: Arc::default(), known: Arc::default() }
    }

    /// What answers show.
    pub(crate) fn known(&self) -> Arc<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The salt of `day`, asked for once a day.
    pub(crate) async fn salt(&self, day: Day) -> Result<[u8; 32], ApiError> {
        let lock = || self.salt.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, salt)) = lock().filter(|(known, _)| *known == day.number) {
            return Ok(salt);
        }
        let mut fresh = [0; 32];
        let failed = |error: StoreError| ApiError::CountersUnavailable(Arc::new(error));
        getrandom::fill(&mut fresh)
            .map_err(|error| failed(StoreError::Unavailable(Box::new(error))))?;
        let salt = self.tally.salt(day, fresh).await.map_err(failed)?;
        *lock() = Some((day.number, salt));
        Ok(salt)
    }

    /// Counts `hit`. Returns whether it is new.
    pub(crate) async fn hit(&self, hit: &Hit) -> Result<bool, ApiError> {
        match self.tally.hit(hit).await {
            Ok(HitOutcome::New) => Ok(true),
            Ok(HitOutcome::Known) => Ok(false),
            Ok(HitOutcome::TooMany) => Err(ApiError::TooManyWrites),
            Err(error) => Err(ApiError::CountersUnavailable(Arc::new(error))),
        }
    }

    /// Takes over what was gathered, and learns what any replica took over, for ever.
    pub(crate) async fn follow(self, pace: Pace) {
        let mut latest = Known::default();
        let mut shown_at: Option<Instant> = None;
        let mut is_told = false;
        loop {
            match self.step(&mut latest).await {
                Ok(()) => is_told = false,
                Err(error) => {
                    if !is_told {
                        let cause = std::error::Error::source(&error).map(ToString::to_string);
                        let cause = cause.unwrap_or_default();
                        tracing::warn!("{error}; views and likes are taken over later: {cause}");
                    }
                    is_told = true;
                }
            }
            let is_due = shown_at.is_none_or(|at| at.elapsed() >= pace.age);
            if is_due && latest.version != self.known().version {
                let shown = Arc::new(latest.clone());
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = shown;
                shown_at = Some(Instant::now());
            }
            tokio::time::sleep(pace.every).await;
        }
    }

    async fn step(&self, latest: &mut Known) -> Result<(), StoreError> {
        let taken = self.take_over().await;
        // What another replica took over can be learnt even if nothing can be taken over here.
        latest.learn(self.store.counted_since(latest.version).await?);
        taken
    }

    async fn take_over(&self) -> Result<(), StoreError> {
        while let Some(batch) = self.tally.batch().await? {
            self.store.add(&batch).await?;
            self.tally.settle(batch.number).await?;
        }
        Ok(())
    }

    /// Takes over what is left before the process ends.
    pub(crate) async fn finish(&self) {
        if let Err(error) = self.take_over().await {
            tracing::warn!("{error}; what Redis does not keep of views and likes is lost");
        }
    }
}
