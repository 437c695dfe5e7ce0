//! Where connections wait that have nothing to say.
//!
//! Most connections of a blog wait: a browser keeps one for its next page, which often never comes. A
//! task with its timers and its buffers costs some kilobytes each. Here a connection is its descriptor
//! and who holds it, in one set that the system watches. When bytes come, or its end, it gets a task
//! again.

use crate::connection::Connections;
use crate::drain::Open;
use crate::limit::Counted;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;
use service_kit::Metrics;
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd as _, RawFd};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;

/// A connection waits in its task for so long: a page asks for its pictures at once, and parking costs what
/// two or three system calls do.
pub(crate) const PARK_AFTER: Duration = Duration::from_millis(250);
/// How often those are closed that have waited for too long.
const SWEEP: Duration = Duration::from_millis(250);
/// So many are woken at a time.
const WAKE: usize = 256;

/// What a connection holds for as long as it is open.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) client: SocketAddr,
    /// The gateway does not close it before, even when it stops: its first request is on the way.
    pub(crate) young_until: Instant,
    pub(crate) _open: Open,
    pub(crate) _counted: Counted,
}

/// A connection that waits.
#[derive(Debug)]
pub(crate) struct Parked {
    pub(crate) tcp: TcpStream,
    pub(crate) seat: Seat,
    /// It is closed if nothing comes until then.
    pub(crate) until: Instant,
}

/// Connections that wait.
#[derive(Debug)]
pub(crate) struct Parking {
    waiting: Mutex<HashMap<RawFd, Box<Parked>>>,
    registry: Registry,
    count: Gauge,
}

/// Who wakes connections: the only one of a [`Parking`].
#[derive(Debug)]
pub(crate) struct Attendant {
    poll: Poll,
    parking: Arc<Parking>,
}

impl Parking {
    /// Nobody waits.
    ///
    /// # Errors
    ///
    /// If the system has no descriptors left.
    pub(crate) fn new(metrics: &Metrics) -> io::Result<(Arc<Self>, Attendant)> {
        let count = Gauge::default();
        let help = "Connections of clients that wait without a task";
        metrics.register("connections_parked", help, count.clone());
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let parking = Arc::new(Self { waiting: Mutex::default(), registry, count });
        Ok((parking.clone(), Attendant { poll, parking }))
    }

    /// Lets a connection wait. It is closed if the system cannot watch it.
    pub(crate) fn park(&self, parked: Parked) {
        let fd = parked.tcp.as_raw_fd();
        // Before it is watched: it may be woken at once.
        self.waiting.lock().insert(fd, Box::new(parked));
        self.count.inc();
        let token = Token(usize::try_from(fd).unwrap_or_default());
        if let Err(error) = self.registry.register(&mut SourceFd(&fd), token, Interest::READABLE) {
            tracing::warn!("a connection cannot wait: {error}");
            self.take(fd);
        }
    }

    fn take(&self, fd: RawFd) -> Option<Box<Parked>> {
        let parked = self.waiting.lock().remove(&fd)?;
        self.count.dec();
        Some(parked)
    }

    /// Closes those of which `is_over` says so.
    fn close(&self, is_over: impl Fn(&Parked) -> bool) {
        let mut waiting = self.waiting.lock();
        let before = waiting.len();
        waiting.retain(|_, parked| !is_over(parked));
        let closed = before - waiting.len();
        // The room of a crowd that has gone.
        if waiting.capacity() > 4 * waiting.len().max(WAKE) {
            waiting.shrink_to_fit();
        }
        drop(waiting);
        self.count.dec_by(i64::try_from(closed).unwrap_or_default());
    }
}

impl Attendant {
    /// Wakes and closes connections in a thread of its own, for as long as `connections` are there.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(crate) fn start(mut self, connections: &Arc<Connections>) -> io::Result<()> {
        let (connections, runtime) = (Arc::downgrade(connections), Handle::current());
        let attend = move || {
            let mut events = Events::with_capacity(WAKE);
            let mut swept = Instant::now();
            loop {
                if let Err(error) = self.poll.poll(&mut events, Some(SWEEP))
                    && error.kind() != io::ErrorKind::Interrupted
                {
                    tracing::error!("connections that wait cannot be watched: {error}");
                    thread::sleep(SWEEP);
                }
                let Some(connections) = connections.upgrade() else { return };
                // What has arrived is read before anything is closed.
                self.wake(&events, &connections, &runtime);
                let now = Instant::now();
                if now - swept >= SWEEP {
                    swept = now;
                    let is_closing = connections.drain.is_closing();
                    self.parking.close(|parked| {
                        parked.until <= now || is_closing && parked.seat.young_until <= now
                    });
                }
            }
        };
        thread::Builder::new().name("parking".to_owned()).spawn(attend)?;
        Ok(())
    }

    /// Gives every connection a task that has something to say.
    fn wake(&self, events: &Events, connections: &Arc<Connections>, runtime: &Handle) {
        for event in events {
            let fd = RawFd::try_from(event.token().0).unwrap_or(-1);
            let Some(parked) = self.parking.take(fd) else { continue };
            let _ = self.parking.registry.deregister(&mut SourceFd(&fd));
            let connections = connections.clone();
            runtime.spawn(async move { connections.go_on(*parked).await });
        }
    }
}
