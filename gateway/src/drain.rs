//! Stopping without losing a request.

use prometheus_client::metrics::gauge::Gauge;
use service_kit::Metrics;
use std::time::Duration;
use tokio::sync::watch;

/// How far the gateway is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    /// Everything is served, and every answer says that it is its connection's last.
    LameDuck,
    /// Nobody is accepted, and idle connections are closed.
    Closing,
}

/// What connections ask before they wait for another request.
///
/// A connection must not be closed while its next request may be on the way: its client would see a
/// reset and could not know whether the request was carried out. So each client is told first,
/// with an answer that says `Connection: close`.
#[derive(Debug)]
pub(crate) struct Drain {
    phase: watch::Sender<Phase>,
    open: watch::Sender<()>,
    count: Gauge,
}

/// Held by each connection for as long as it is open.
#[derive(Debug)]
pub(crate) struct Open {
    _counted: watch::Receiver<()>,
    count: Gauge,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.count.dec();
    }
}

impl Drain {
    /// The gateway serves.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let count = Gauge::default();
        metrics.register("connections_open", "Connections of clients", count.clone());
        Self { phase: watch::Sender::new(Phase::Serving), open: watch::Sender::new(()), count }
    }

    /// Counts a connection.
    pub(crate) fn open(&self) -> Open {
        self.count.inc();
        Open { _counted: self.open.subscribe(), count: self.count.clone() }
    }

    /// How many connections are open.
    pub(crate) fn count(&self) -> usize {
        self.open.receiver_count()
    }

    /// Whether an answer must say that it is its connection's last, and nobody new should be sent.
    pub(crate) fn is_lame(&self) -> bool {
        *self.phase.borrow() >= Phase::LameDuck
    }

    /// Whether idle connections are to be closed.
    pub(crate) fn is_closing(&self) -> bool {
        *self.phase.borrow() == Phase::Closing
    }

    /// Completes when nobody is accepted any more and idle connections are to be closed.
    pub(crate) async fn closing(&self) {
        let mut phase = self.phase.subscribe();
        // The sender lives as long as this.
        let _ = phase.wait_for(|phase| *phase == Phase::Closing).await;
    }

    /// Tells every client that asks that its connection ends, until no connection is open, but
    /// for at most `time`.
    pub(crate) async fn lame_duck(&self, time: Duration) {
        self.phase.send_replace(Phase::LameDuck);
        let _ = tokio::time::timeout(time, self.open.closed()).await;
    }

    /// Lets nobody in and closes idle connections.
    pub(crate) fn close(&self) {
        self.phase.send_replace(Phase::Closing);
    }

    /// Waits until no connection is open, for at most `time`. Whether that is so.
    pub(crate) async fn finished(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.open.closed()).await.is_ok()
    }
}
