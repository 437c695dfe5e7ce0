//! What is served now: one release and its search index, exchanged as one.

use crate::error::ApiError;
use crate::metrics::ApiMetrics;
use domain::{CurrentRelease, PostReader, StoreError};
use search::Index;
use service_kit::Backoff;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// The longest pause between two questions to a store that does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// So many posts are read at once; their texts are in memory twice until they are indexed.
const BATCH: usize = 256;

/// One release, ready to be asked.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) release: CurrentRelease,
    pub(crate) index: Index,
}

/// The snapshot that requests take. It outlives the store: what was known stays known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Served {
    snapshot: Arc<RwLock<Option<Arc<Snapshot>>>>,
    /// What keeps the store from answering, if anything does, in words for who operates it.
    trouble: Arc<RwLock<Option<String>>>,
}

impl Served {
    /// What to answer from, for one whole request.
    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, ApiError> {
        self.get().ok_or(ApiError::NothingRegistered)
    }

    fn get(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the store last said instead of an answer.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how the store is, and tells it when that has changed.
    fn note(&self, error: Option<&StoreError>) {
        let trouble = error.map(|error| match std::error::Error::source(error) {
            // The driver's own words may name addresses; the first cause says what to mend.
            Some(cause) if matches!(error, StoreError::Unavailable(_)) => cause.to_string(),
            _ => error.to_string(),
        });
        let mut noted = self.trouble.write().unwrap_or_else(PoisonError::into_inner);
        if *noted == trouble {
            return;
        }
        match error {
            None => tracing::info!("the store answers again"),
            Some(error) => {
                let source = std::error::Error::source(error);
                let causes = std::iter::successors(source, |cause| cause.source());
                let why = causes.fold(error.to_string(), |why, cause| format!("{why}: {cause}"));
                if matches!(error, StoreError::Unavailable(_)) {
                    tracing::warn!("what is known is still served: {why}");
                } else {
                    tracing::error!("what is known is still served: {why}");
                }
            }
        }
        *noted = trouble;
    }

    /// Follows the store's pointer for ever: asks every `poll`, builds the new release's index,
    /// and exchanges the two together.
    pub(crate) async fn follow(
        self,
        posts: Arc<dyn PostReader>,
        poll: Duration,
        metrics: ApiMetrics,
    ) {
        let mut backoff = Backoff::new(poll, LONGEST_PAUSE);
        loop {
            match metrics.polled(self.refresh(&*posts).await) {
                Ok(()) => {
                    self.note(None);
                    backoff = Backoff::new(poll, LONGEST_PAUSE);
                    tokio::time::sleep(poll).await;
                }
                Err(error) => {
                    self.note(Some(&error));
                    backoff.pause().await;
                }
            }
        }
    }

    async fn refresh(&self, posts: &dyn PostReader) -> Result<(), StoreError> {
        let Some(release) = posts.current().await? else { return Ok(()) };
        if self.get().is_some_and(|served| served.release == release) {
            return Ok(());
        }
        let started = Instant::now();
        let index = self.index(posts, &release).await?;
        let took = started.elapsed().as_millis();
        let (id, count) = (release.id.short(), release.posts);
        tracing::info!("serving release {id} with {count} posts, indexed in {took} ms");
        let snapshot = Arc::new(Snapshot { release, index });
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
        Ok(())
    }

    /// The index of `release`: what differs from the release that is served is read from the store,
    /// some at a time, and the rest taken over.
    async fn index(
        &self,
        posts: &dyn PostReader,
        release: &CurrentRelease,
    ) -> Result<Index, StoreError> {
        let wanted = posts.versions(release.seq).await?;
        let count = wanted.len();
        let served = self.get();
        let begin = move || match served {
            Some(served) => served.index.update(&wanted),
            None => Index::default().update(&wanted),
        };
        let mut update = aside(begin).await?;
        let missing = update.missing().to_vec();
        for paths in missing.chunks(BATCH) {
            let some = posts.some(release.seq, paths).await?;
            let add = move || {
                update.add(some);
                update
            };
            update = aside(add).await?;
        }
        let index = aside(|| update.finish()).await?;
        if index.len() == count {
            return Ok(index);
        }
        // The pointer stands elsewhere by now.
        Err(StoreError::Unavailable("the release was removed while it was read".into()))
    }
}

/// Runs `work` away from the threads that answer requests.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::Unavailable(Box::new(error)))
}
