//! HTTP/2, which pingora speaks: many requests at once on one connection.

use crate::proxy::Gateway;
use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream};
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long a connection may have no request.
const IDLE: Duration = Duration::from_mins(1);
/// What a client says first (RFC 9113 §3.4).
pub(crate) const PREFACE_BYTES: usize = 24;

/// A client that was told to go has this time to say that it heard, from when nobody is let in. One
/// that has gone without a word would hold the process until its deadline.
const FAREWELL: Duration = Duration::from_secs(1);

/// Takes one connection apart into requests.
pub(crate) struct Http2 {
    proxy: Arc<HttpProxy<Gateway>>,
    options: HttpServerOptions,
    /// Requests in hand.
    active: watch::Sender<usize>,
}

impl Http2 {
    pub(crate) fn new(proxy: Arc<HttpProxy<Gateway>>) -> Self {
        let mut options = HttpServerOptions::default();
        options.h2_idle_timeout = Some(IDLE);
        Self { proxy, options, active: watch::Sender::new(0) }
    }

    /// Completes when the client had time to go, and no request is in hand.
    pub(crate) async fn idle_after_farewell(&self) {
        tokio::time::sleep(FAREWELL).await;
        let mut active = self.active.subscribe();
        // The sender lives as long as this.
        let _ = active.wait_for(|active| *active == 0).await;
    }
}

#[async_trait]
impl HttpServerApp for Http2 {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        self.active.send_modify(|active| *active += 1);
        let reused = self.proxy.process_new_http(session, shutdown).await;
        self.active.send_modify(|active| *active -= 1);
        reused
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        Some(&self.options)
    }
}
