//! What is served now: one release and its search index, exchanged as one.

use crate::error::ApiError;
use crate::metrics::ApiMetrics;
use domain::{CurrentRelease, PostReader, StoreError};
use search::Index;
use service_kit::Backoff;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// The longest pause between two questions to a store that does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// One release, ready to be asked.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) release: CurrentRelease,
    pub(crate) index: Index,
}

/// The snapshot that requests take. It outlives the store: what was known stays known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Served(Arc<RwLock<Option<Arc<Snapshot>>>>);

impl Served {
    /// What to answer from, for one whole request.
    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, ApiError> {
        self.get().ok_or(ApiError::NothingRegistered)
    }

    fn get(&self) -> Option<Arc<Snapshot>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
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
        let mut is_told = false;
        loop {
            match metrics.polled(self.refresh(&*posts).await) {
                Ok(()) => {
                    if is_told {
                        tracing::info!("the store answers again");
                    }
                    is_told = false;
                    backoff = Backoff::new(poll, LONGEST_PAUSE);
                    tokio::time::sleep(poll).await;
                }
                Err(error) => {
                    if !is_told {
                        let cause = std::error::Error::source(&error).map(ToString::to_string);
                        let cause = cause.unwrap_or_default();
                        tracing::warn!("{error}; what is known is still served: {cause}");
                    }
                    is_told = true;
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
        let all = posts.all(release.seq).await?;
        let index = tokio::task::spawn_blocking(move || Index::build(all)).await;
        let index = index.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        tracing::info!("serving release {} with {} posts", release.id.short(), release.posts);
        let snapshot = Arc::new(Snapshot { release, index });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
        Ok(())
    }
}
