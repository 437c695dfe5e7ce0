//! What stands between the listener and the proxy: a deadline for a client's headers.

use crate::proxy::Gateway;
use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream};
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// How long a connection may be idle between two requests.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(15);

tokio::task_local! {
    /// Told when the headers of the task's request are complete.
    static BEGUN: Arc<Notify>;
}

/// Notes that the headers of this task's request are complete.
pub(crate) fn headers_are_complete() {
    // Outside a connection, nobody waits for it.
    let _ = BEGUN.try_with(|begun| begun.notify_one());
}

/// The proxy, with a deadline for headers. Pingora's own timeout is for each read, so that a client
/// could send a byte now and then for ever.
pub(crate) struct Front {
    pub(crate) proxy: Arc<HttpProxy<Gateway>>,
    pub(crate) header_timeout: Duration,
}

#[async_trait]
impl HttpServerApp for Front {
    async fn process_new_http(
        self: &Arc<Self>,
        mut session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        // A connection that had a request before, which left its mark, may be idle first.
        let is_reused = session.take_connection_user_context().is_some();
        let idle = if is_reused { KEEP_ALIVE } else { Duration::ZERO };
        let begun = Arc::new(Notify::new());
        let work = self.proxy.process_new_http(session, shutdown);
        let mut work = pin!(BEGUN.scope(begun.clone(), work));
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = begun.notified() => {}
            () = tokio::time::sleep(idle + self.header_timeout) => return None,
        }
        work.await
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        self.proxy.server_options()
    }

    async fn http_cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}
