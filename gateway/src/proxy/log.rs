//! One line and one count for each request.

use super::{Gateway, RequestState};
use pingora::Error;
use pingora::proxy::Session;
use std::sync::atomic::Ordering;

impl Gateway {
    /// 6. Says how it went.
    pub(super) fn log(&self, session: &Session, error: Option<&Error>, state: &RequestState) {
        if state.is_refresh {
            return;
        }
        let took = state.started.elapsed();
        let status = session.response_written().map_or(499, |response| response.status.as_u16());
        self.metrics.observe(state.route.name(), status, took);
        // Of what went well, one line of so many says enough.
        let sample = if status < 400 { self.log_sample } else { 1 };
        if !self.logged.fetch_add(1, Ordering::Relaxed).is_multiple_of(sample) {
            return;
        }
        let request = session.req_header();
        let (method, path) = (request.method.as_str(), request.uri.path());
        let cache = session.response_written().and_then(|response| {
            response.headers.get("x-cache").and_then(|label| label.to_str().ok())
        });
        let upstream = state.replica.as_ref().map(|replica| replica.addr.to_string());
        tracing::info!(
            target: "access",
            { http.method = method,
            http.path = path,
            http.status = status,
            http.bytes = session.body_bytes_sent(),
            cache = cache,
            sample = sample,
            duration_ms = took.as_secs_f64() * 1000.0,
            client = %state.client,
            upstream = upstream.as_deref().unwrap_or("-"),
            tries = state.tried.len(),
            request_id = state.id.as_str(),
            error = error.map(|error| error.etype().as_str()) },
            "{method} {path} {status}",
        );
    }
}
