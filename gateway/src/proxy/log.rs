//! One line and one count for each request.

use super::{Gateway, RequestState};
use crate::access::Line;
use pingora::Error;
use pingora::proxy::Session;

impl Gateway {
    /// 6. Says how it went.
    pub(super) fn log(&self, session: &Session, error: Option<&Error>, state: &RequestState) {
        if state.begun.is_refresh() {
            return;
        }
        let request = session.req_header();
        let cache = session.response_written().and_then(|response| {
            response.headers.get("x-cache").and_then(|label| label.to_str().ok())
        });
        self.access.note(&Line {
            route: state.route,
            method: request.method.as_str(),
            path: request.uri.path(),
            status: session.response_written().map_or(499, |response| response.status.as_u16()),
            bytes: session.body_bytes_sent(),
            cache,
            took: state.started.elapsed(),
            client: state.client,
            replica: state.replica.as_ref().map(|replica| replica.addr),
            tries: state.tried.len(),
            id: state.id.as_str(),
            error: error.map(|error| error.etype().as_str()),
        });
    }
}
