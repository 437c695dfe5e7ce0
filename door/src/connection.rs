//! One connection: to a replica, the header, then bytes both ways.

use crate::proxy_header::proxy_header;
use service_kit::notice_loss;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// What is read at a time. Only a connection that has something to read holds so much.
const PIECE_BYTES: usize = 32 * 1024;
/// How long the other direction may take when one has ended, so that a client that is gone without
/// a word is not waited for.
const LINGER: Duration = Duration::from_secs(30);

/// When a connection last passed something on, and in which direction.
#[derive(Debug)]
pub(crate) struct Activity {
    began: Instant,
    /// Milliseconds after `began`, times two; odd if it came from the client.
    last: AtomicU64,
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0) }
    }

    fn note(&self, is_client: bool) {
        self.last.store(self.millis() * 2 + u64::from(is_client), Ordering::Relaxed);
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX / 2)
    }

    /// Whether the gateway has had the last word, and that `quiet` ago, or nobody has said anything
    /// for so long: nothing is in hand.
    pub(crate) fn is_idle(&self, quiet: Duration) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        let since = Duration::from_millis(self.millis().saturating_sub(last / 2));
        last.is_multiple_of(2) && since >= quiet
    }
}

/// Connects to the first of `replicas` that accepts within `deadline`.
///
/// # Errors
///
/// What the last of them said, or that there is none.
pub(crate) async fn connect(
    replicas: &[SocketAddr],
    deadline: Duration,
) -> io::Result<(TcpStream, SocketAddr)> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "no replica of the gateway is known");
    for addr in replicas {
        match tokio::time::timeout(deadline, TcpStream::connect(addr)).await {
            Ok(Ok(stream)) => {
                // It works without, only later.
                let _ = notice_loss(&stream);
                return Ok((stream, *addr));
            }
            Ok(Err(error)) => failed = error,
            Err(elapsed) => failed = elapsed.into(),
        }
    }
    Err(failed)
}

/// Passes bytes on between `client` and `gateway` until both have ended.
///
/// # Errors
///
/// If either breaks off.
pub(crate) async fn pass_on(
    client: TcpStream,
    mut gateway: TcpStream,
    activity: &Activity,
) -> io::Result<()> {
    // Small answers must not wait for more.
    client.set_nodelay(true)?;
    gateway.set_nodelay(true)?;
    gateway.write_all(&proxy_header(client.peer_addr()?, client.local_addr()?)).await?;
    let (from_client, to_client) = client.into_split();
    let (from_gateway, to_gateway) = gateway.into_split();
    let mut up = std::pin::pin!(pump(from_client, to_gateway, || activity.note(true)));
    let mut down = std::pin::pin!(pump(from_gateway, to_client, || activity.note(false)));
    let rest = async {
        tokio::select! {
            done = &mut up => { done?; Ok::<_, io::Error>(true) }
            done = &mut down => { done?; Ok(false) }
        }
    };
    // A client that has said all may still be answered for long; one that was told all has only to
    // hang up.
    if rest.await? { down.await } else { tokio::time::timeout(LINGER, up).await? }
}

/// Passes on one direction, and its end.
async fn pump(from: OwnedReadHalf, mut to: OwnedWriteHalf, note: impl Fn()) -> io::Result<()> {
    loop {
        // Nothing is held while nothing comes: ten thousand idle connections are cheap.
        from.readable().await?;
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        match from.try_read_buf(&mut piece) {
            Ok(0) => return to.shutdown().await,
            Ok(_) => {
                note();
                to.write_all(&piece).await?;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
