//! What is counted beside requests: how often caches knew the answer, how the store does, which
//! release is served.

use crate::error::ApiError;
use crate::snapshot::Served;
use domain::{Cache, StoreError};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use service_kit::Metrics;
use std::sync::Arc;
use std::time::Duration;

/// How often caches are asked whether they are there, which must not wait for a reader.
const LOOK: Duration = Duration::from_secs(2);

/// The API's own metrics. Clones are the same metrics.
#[derive(Debug, Clone, Default)]
pub(crate) struct ApiMetrics {
    lookups: Family<LookupLabels, Counter>,
    caches: Family<CacheLabels, Gauge>,
    store_up: Gauge,
    store_errors: Family<ErrorLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LookupLabels {
    cache: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CacheLabels {
    cache: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabels {
    kind: &'static str,
}

impl ApiMetrics {
    /// Adds all to `metrics`, each of `caches` and each kind of error with a zero: what has not
    /// happened yet can be asked for as well.
    pub(crate) fn register(metrics: &Metrics, served: &Served, caches: &[Arc<dyn Cache>]) -> Self {
        let own = Self::default();
        for cache in caches.iter().map(|cache| cache.name()) {
            for result in ["hit", "miss"] {
                own.lookups.get_or_create(&LookupLabels { cache, result }).inc_by(0);
            }
            own.caches.get_or_create(&CacheLabels { cache }).set(0);
        }
        for kind in ["unavailable", "unusable"] {
            own.store_errors.get_or_create(&ErrorLabels { kind }).inc_by(0);
        }
        let help = "Answers looked for in a cache, by cache and result";
        metrics.register("cache_requests", help, own.lookups.clone());
        metrics.register("cache_up", "Whether a cache answers", own.caches.clone());
        let help = "Whether the store answered when it was last asked which release readers see";
        metrics.register("store_up", help, own.store_up.clone());
        let help = "Questions that the store did not answer, by kind of failure";
        metrics.register("store_errors", help, own.store_errors.clone());
        release(metrics, served);
        own
    }

    /// Notes that `cache` was asked for an answer.
    pub(crate) fn looked_up(&self, cache: &dyn Cache, is_hit: bool) {
        let result = if is_hit { "hit" } else { "miss" };
        self.lookups.get_or_create(&LookupLabels { cache: cache.name(), result }).inc();
    }

    /// Passes on what the store answered when it was asked for the current release, noting whether
    /// it did.
    pub(crate) fn polled<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        self.store_up.set(i64::from(answer.is_ok()));
        answer.inspect_err(|error| self.store_failed(error))
    }

    /// Notes that a request failed, if it was the store's fault.
    pub(crate) fn failed(&self, error: &ApiError) {
        if let ApiError::Store(error) = error {
            self.store_failed(error);
        }
    }

    fn store_failed(&self, error: &StoreError) {
        let is_away = matches!(error, StoreError::Unavailable(_));
        let kind = if is_away { "unavailable" } else { "unusable" };
        self.store_errors.get_or_create(&ErrorLabels { kind }).inc();
    }

    /// Asks `caches` again and again whether they are there, for ever.
    pub(crate) async fn watch(self, caches: Vec<Arc<dyn Cache>>) {
        loop {
            for cache in &caches {
                let is_up = i64::from(cache.is_up().await);
                self.caches.get_or_create(&CacheLabels { cache: cache.name() }).set(is_up);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// The release that is served, and what the store says of it.
fn release(metrics: &Metrics, served: &Served) {
    let read = served.clone();
    metrics.ask_name("release_info", "The release that is served", "release", move || {
        Some(read.snapshot().ok()?.release.id.to_string())
    });
    let read = served.clone();
    metrics.ask("release_posts", "Posts of the release that is served", move || {
        u32::try_from(read.snapshot().ok()?.release.posts).ok().map(f64::from)
    });
    let read = served.clone();
    let help = "The number that the store gave the release that is served";
    metrics.ask("release_seq", help, move || {
        u32::try_from(read.snapshot().ok()?.release.seq.0).ok().map(f64::from)
    });
    let read = served.clone();
    let help = "When the loader made the release the one that is served, in seconds since 1970";
    metrics.ask("release_registered_timestamp_seconds", help, move || {
        Some(read.snapshot().ok()?.release.at.as_duration().as_secs_f64())
    });
}
