//! Accepting clients.

use crate::connection::Connections;
use crate::limit::Limit;
use futures_util::FutureExt as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Without free descriptors, accepting fails at once, and would fail again at once.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// Accepts clients until the gateway closes.
pub(crate) async fn accept(
    listener: TcpListener,
    connections: Arc<Connections>,
    tls: Option<TlsAcceptor>,
) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Err(error) = begin(accepted, &connections, tls.as_ref()) {
                    tracing::warn!("the listener cannot accept: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
            () = connections.drain.closing() => break,
        }
    }
    // Those that the system has accepted already would see a reset.
    while let Some(accepted) = listener.accept().now_or_never() {
        if begin(accepted, &connections, tls.as_ref()).is_err() {
            break;
        }
    }
}

/// Serves a new connection in a task of its own.
fn begin(
    accepted: io::Result<(TcpStream, SocketAddr)>,
    connections: &Arc<Connections>,
    tls: Option<&TlsAcceptor>,
) -> io::Result<()> {
    let (stream, peer) = accepted?;
    if connections.drain.count() >= connections.cap {
        // It is closed. The system's queue would only make everybody wait.
        connections.turned_away.inc();
        connections.hit.hit(Limit::Connections);
        return Ok(());
    }
    let (connections, open) = (connections.clone(), connections.drain.open());
    let tls = tls.cloned();
    tokio::spawn(async move {
        connections.serve(stream, peer, tls.as_ref(), open).await;
    });
    Ok(())
}
