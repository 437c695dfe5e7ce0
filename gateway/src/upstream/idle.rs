//! Connections to one replica that wait for the next request.

use parking_lot::Mutex;
use std::io;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// They are closed before the replica closes them.
pub(crate) const UPSTREAM_IDLE: Duration = Duration::from_secs(30);
/// More than a service of this stack answers at once.
const MAX_IDLE: usize = 64;

/// The connections, the one that was used last at the end.
#[derive(Debug, Default)]
pub(crate) struct Idle(Mutex<Vec<(TcpStream, Instant)>>);

impl Idle {
    /// One that is still open, as far as one can know.
    pub(crate) fn take(&self, now: Instant) -> Option<TcpStream> {
        let mut waiting = self.0.lock();
        while let Some((stream, since)) = waiting.pop() {
            if now.saturating_duration_since(since) < UPSTREAM_IDLE && is_quiet(&stream) {
                return Some(stream);
            }
        }
        None
    }

    /// Keeps one for the next request.
    pub(crate) fn put(&self, stream: TcpStream, now: Instant) {
        let mut waiting = self.0.lock();
        if waiting.len() < MAX_IDLE {
            waiting.push((stream, now));
        }
    }

    /// Closes those that have waited for too long, and those that the replica has closed.
    pub(crate) fn sweep(&self, now: Instant) {
        self.0.lock().retain(|(stream, since)| {
            now.saturating_duration_since(*since) < UPSTREAM_IDLE && is_quiet(stream)
        });
    }
}

/// Whether nothing has come. An end has come if it was closed; anything else answers no request.
fn is_quiet(stream: &TcpStream) -> bool {
    let read = stream.try_read(&mut [0]);
    read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (ours, theirs) = tokio::join!(connecting, listener.accept());
        (ours.unwrap(), theirs.unwrap().0)
    }

    #[tokio::test]
    async fn an_open_one_is_used_again_and_no_other() {
        let now = Instant::now();
        let (idle, later) = (Idle::default(), now + UPSTREAM_IDLE);
        let (open, _other_end) = pair().await;
        let name = open.local_addr().unwrap();
        idle.put(open, now);
        let (closed, other_end) = pair().await;
        drop(other_end);
        closed.readable().await.unwrap();
        idle.put(closed, now);
        let (talks, mut other_end) = pair().await;
        other_end.write_all(b"x").await.unwrap();
        talks.readable().await.unwrap();
        idle.put(talks, now);

        let taken = idle.take(now).unwrap();
        assert_eq!(taken.local_addr().unwrap(), name);
        assert!(idle.take(now).is_none());

        idle.put(taken, now);
        idle.sweep(now);
        assert_eq!(idle.0.lock().len(), 1);
        assert!(idle.take(later).is_none());
    }
}
