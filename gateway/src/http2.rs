//! HTTP/2, which pingora speaks: many requests at once on one connection.

use crate::proxy::Gateway;
use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream};
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection may have no request.
const IDLE: Duration = Duration::from_mins(1);
/// What a client says first (RFC 9113 §3.4).
pub(crate) const PREFACE_BYTES: usize = 24;

/// Takes connections apart into requests.
pub(crate) struct Http2 {
    proxy: Arc<HttpProxy<Gateway>>,
    options: HttpServerOptions,
}

impl Http2 {
    pub(crate) fn new(proxy: Arc<HttpProxy<Gateway>>) -> Self {
        let mut options = HttpServerOptions::default();
        options.h2_idle_timeout = Some(IDLE);
        Self { proxy, options }
    }
}

#[async_trait]
impl HttpServerApp for Http2 {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        self.proxy.process_new_http(session, shutdown).await
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        Some(&self.options)
    }
}
