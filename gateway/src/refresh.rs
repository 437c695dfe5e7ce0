//! Asking anew for what is kept, while readers have the old answer.
//!
//! A refresh is a request like any other: it goes through the same phases, so that it finds a
//! replica, tries another, and is kept in the same way. Only nobody reads the answer.

use crate::begun::Begun;
use crate::cache::{Codings, Flight};
use crate::connection::Connections;
use crate::proxy::Gateway;
use crate::stream::ClientStream;
use pingora::apps::HttpServerApp as _;
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::io::duplex;
use tokio::sync::{mpsc, watch};

/// So many wait at most to be asked for.
pub(crate) const MAX_WAITING: usize = 256;
/// How much of an answer is on its way to nobody.
const PIPE_BYTES: usize = 64 * 1024;

/// What is to be asked for.
#[derive(Debug)]
pub(crate) struct Refresh {
    head: String,
    /// Others wait, or do not ask too, until it is dropped.
    flight: Flight,
}

impl Refresh {
    pub(crate) fn new(host: &str, target: &str, codings: Codings, flight: Flight) -> Self {
        let codings = codings.header();
        let head = format!(
            "GET {target} HTTP/1.1\r\nhost: {host}\r\naccept-encoding: {codings}\r\n\
             connection: close\r\n\r\n"
        );
        Self { head, flight }
    }

    async fn run(self, proxy: &Arc<HttpProxy<Gateway>>, shutdown: &watch::Receiver<bool>) {
        let (ours, mut theirs) = duplex(PIPE_BYTES);
        let mut stream = ClientStream::new(ours, -1, (Ipv4Addr::UNSPECIFIED, 0).into());
        stream.put_ahead(self.head.as_bytes());
        let session = ServerSession::new_http1(Box::new(stream));
        let asked = Begun::Refresh.scope(proxy.process_new_http(session, shutdown));
        // The stream ends here, and so does the copying.
        let asked = async { drop(asked.await) };
        let mut nowhere = tokio::io::sink();
        let _ = tokio::join!(asked, tokio::io::copy(&mut theirs, &mut nowhere));
        drop(self.flight);
    }
}

/// Asks for what comes through `refreshes`, for ever.
pub(crate) async fn serve(mut refreshes: mpsc::Receiver<Refresh>, connections: Arc<Connections>) {
    while let Some(refresh) = refreshes.recv().await {
        let connections = connections.clone();
        tokio::spawn(async move { refresh.run(&connections.proxy, &connections.shutdown).await });
    }
    // The gateway that could send more is gone.
    std::future::pending::<()>().await;
}
