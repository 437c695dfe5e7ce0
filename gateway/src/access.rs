//! The access log and the counts of requests.

use crate::route::Route;
use service_kit::HttpMetrics;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Notes requests. Clones are the same log.
#[derive(Debug, Clone)]
pub(crate) struct AccessLog {
    metrics: HttpMetrics,
    /// Of so many answers that went well, one is in the log.
    sample: u64,
    logged: Arc<AtomicU64>,
}

/// What is said of one request.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) route: Route,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) bytes: usize,
    pub(crate) cache: Option<&'a str>,
    pub(crate) took: Duration,
    pub(crate) client: IpAddr,
    pub(crate) replica: Option<SocketAddr>,
    pub(crate) tries: usize,
    pub(crate) id: &'a str,
    pub(crate) error: Option<&'a str>,
}

impl AccessLog {
    pub(crate) fn new(metrics: HttpMetrics, sample: u64) -> Self {
        Self { metrics, sample, logged: Arc::default() }
    }

    /// Counts a request, and writes its line.
    pub(crate) fn note(&self, line: &Line<'_>) {
        let Line { method, path, status, .. } = *line;
        self.metrics.observe(line.route.name(), status, line.took);
        // Of what went well, one line of so many says enough.
        let sample = if status < 400 { self.sample } else { 1 };
        if !self.logged.fetch_add(1, Ordering::Relaxed).is_multiple_of(sample) {
            return;
        }
        let upstream = line.replica.map(|replica| replica.to_string());
        tracing::info!(
            target: "access",
            { http.method = method,
            http.path = path,
            http.status = status,
            http.bytes = line.bytes,
            cache = line.cache,
            sample = sample,
            duration_ms = line.took.as_secs_f64() * 1000.0,
            client = %line.client,
            upstream = upstream.as_deref().unwrap_or("-"),
            tries = line.tries,
            request_id = line.id,
            error = line.error },
            "{method} {path} {status}",
        );
    }
}
