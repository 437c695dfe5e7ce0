//! HTTP/2, which pingora speaks: many requests at once on one connection.

use crate::cache::target;
use crate::hot::Hot;
use crate::proxy::{Gateway, WRITE_TIMEOUT};
use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream};
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use std::net::SocketAddr;
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
/// One that was answered meanwhile has so long to take what is on its way, and ends the connection.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Takes one connection apart into requests.
pub(crate) struct Http2 {
    proxy: Arc<HttpProxy<Gateway>>,
    hot: Arc<Hot>,
    client: SocketAddr,
    options: HttpServerOptions,
    /// Requests in hand.
    active: watch::Sender<usize>,
}

impl Http2 {
    /// For the connection of `client`.
    pub(crate) fn new(proxy: Arc<HttpProxy<Gateway>>, hot: Arc<Hot>, client: SocketAddr) -> Self {
        let mut options = HttpServerOptions::default();
        options.h2_idle_timeout = Some(IDLE);
        Self { proxy, hot, client, options, active: watch::Sender::new(0) }
    }

    /// Answers from memory, if that needs no thought. Whether it did.
    async fn answer_at_once(&self, session: &mut ServerSession) -> bool {
        if !session.is_body_empty() {
            return false;
        }
        let Some(hit) = self.hot.look_http2(session.req_header(), self.client) else {
            return false;
        };
        let Ok(header) = hit.header() else { return false };
        session.set_write_timeout(Some(WRITE_TIMEOUT));
        // A client that has gone needs nothing.
        if session.write_response_header(Box::new(header)).await.is_ok() {
            let _ = session.write_response_body(hit.body().clone(), true).await;
        }
        self.hot.note(&hit, target(session.req_header()));
        true
    }

    /// Completes when the client had time to go, no request is in hand, and what was answered last
    /// had time to arrive.
    pub(crate) async fn idle_after_farewell(&self) {
        let mut active = self.active.subscribe();
        let mut is_busy = *active.borrow_and_update() > 0;
        tokio::time::sleep(FAREWELL).await;
        while is_busy || active.has_changed().unwrap_or(false) {
            // The sender lives as long as this.
            let _ = active.wait_for(|active| *active == 0).await;
            tokio::time::sleep(LAST_WORDS).await;
            is_busy = false;
        }
    }
}

#[async_trait]
impl HttpServerApp for Http2 {
    async fn process_new_http(
        self: &Arc<Self>,
        mut session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        self.active.send_modify(|active| *active += 1);
        if !self.answer_at_once(&mut session).await {
            self.proxy.process_new_http(session, shutdown).await;
        }
        self.active.send_modify(|active| *active -= 1);
        // The connection is not ours to give back.
        None
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        Some(&self.options)
    }
}
