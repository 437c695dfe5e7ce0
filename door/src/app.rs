//! The application: listeners, replicas, and how it runs and stops.

use crate::connection::{Activity, connect, pass_on};
use crate::replicas::Replicas;
use crate::{Forward, Settings};
use async_trait::async_trait;
use futures_util::future::join_all;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use service_kit::{Admin, BindError, Metrics, NotReady, Probe, bind};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

/// After being asked to stop: a connection that has been quiet for so long after an answer waits
/// for nothing.
const QUIET: Duration = Duration::from_millis(200);
/// For so long. Then the first pause between an answer and the next request is taken: until this
/// door is gone, its successor cannot have the ports, and nobody comes in.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE_OF_THE_BUSY: Duration = Duration::from_millis(3);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// After an error that concerns the listener and not one connection, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// A bound door.
#[derive(Debug)]
pub struct Application {
    ports: Vec<Port>,
    admin: Admin,
    connect_timeout: Duration,
    max_connections: usize,
    drain: Duration,
}

#[derive(Debug)]
struct Port {
    listener: TcpListener,
    addr: SocketAddr,
    forward: Forward,
    replicas: Arc<Replicas>,
}

/// What all connections share.
#[derive(Clone)]
struct Shared {
    connect_timeout: Duration,
    places: Arc<Semaphore>,
    /// True when asked to stop. Every connection holds a receiver.
    stopping: watch::Sender<bool>,
    open: Gauge,
    accepted: Counter,
    refused: Counter,
}

impl Application {
    /// Binds all listeners. Nobody behind them is asked yet.
    ///
    /// # Errors
    ///
    /// [`BindError`] names the setting whose port is in use.
    pub fn bind(settings: &Settings) -> Result<Self, BindError> {
        let port = |forward: &Forward| {
            let (listener, addr) = bind("DOOR_FORWARD", forward.listen)?;
            Ok(Port { listener, addr, forward: forward.clone(), replicas: Arc::default() })
        };
        Ok(Self {
            ports: settings.forwards.iter().map(port).collect::<Result<_, BindError>>()?,
            admin: Admin::bind("DOOR_ADMIN_LISTEN", settings.admin_listen)?,
            connect_timeout: settings.connect_timeout,
            max_connections: settings.max_connections,
            drain: settings.drain,
        })
    }

    /// Where it listens, in the order of the settings.
    #[must_use]
    pub fn addrs(&self) -> Vec<SocketAddr> {
        self.ports.iter().map(|port| port.addr).collect()
    }

    /// Where it answers `/livez`, `/readyz` and `/metrics`.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin.addr()
    }

    /// Passes connections on until `stop` completes; then accepts nobody, closes connections on
    /// which nothing is in hand, and lets the others end, for at most `DOOR_DRAIN`.
    ///
    /// # Errors
    ///
    /// If a listener cannot be used in this runtime.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
        let shared = Shared {
            connect_timeout: self.connect_timeout,
            places: Arc::new(Semaphore::new(self.max_connections)),
            stopping: watch::Sender::new(false),
            open: Gauge::default(),
            accepted: Counter::default(),
            refused: Counter::default(),
        };
        metrics.register("door_connections", "Connections open now", shared.open.clone());
        metrics.register("door_accepted", "Connections accepted", shared.accepted.clone());
        let help = "Connections closed because no replica of the gateway accepted them";
        metrics.register("door_refused", help, shared.refused.clone());
        let ready = Ready(self.ports.iter().map(|port| port.replicas.clone()).collect());
        let follow = self.ports.iter().map(|port| {
            let (forward, replicas) = (port.forward.clone(), port.replicas.clone());
            async move { replicas.follow(&forward).await }
        });
        let follow = join_all(follow);
        let accept = join_all(self.ports.into_iter().map(|port| accept(port, &shared)));
        tokio::select! {
            () = stop => {}
            done = self.admin.run(Arc::new(ready), metrics) => done?,
            _ = follow => {}
            done = accept => { done.into_iter().collect::<io::Result<()>>()?; }
        }
        shared.stopping.send_replace(true);
        if tokio::time::timeout(self.drain, shared.stopping.closed()).await.is_err() {
            tracing::warn!("connections were cut off that took longer than DOOR_DRAIN");
        }
        Ok(())
    }
}

/// Accepts connections for ever.
async fn accept(port: Port, shared: &Shared) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(port.listener)?;
    loop {
        let Ok(place) = shared.places.clone().acquire_owned().await else { return Ok(()) };
        let client = match listener.accept().await {
            Ok((client, _)) => client,
            Err(error) => {
                tracing::warn!("cannot accept: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        shared.accepted.inc();
        shared.open.inc();
        let (replicas, shared) = (port.replicas.in_turn(), shared.clone());
        let stopping = shared.stopping.subscribe();
        tokio::spawn(async move {
            serve(client, &replicas, &shared, stopping).await;
            shared.open.dec();
            drop(place);
        });
    }
}

/// Passes one connection on until it ends, or until nothing is in hand and the door is to stop.
async fn serve(
    client: TcpStream,
    replicas: &[SocketAddr],
    shared: &Shared,
    mut stopping: watch::Receiver<bool>,
) {
    let (gateway, addr) = match connect(replicas, shared.connect_timeout).await {
        Ok(connected) => connected,
        Err(error) => {
            shared.refused.inc();
            tracing::warn!(upstream = "gateway", "no gateway takes a connection: {error}");
            return;
        }
    };
    let activity = Activity::new();
    let idle = async {
        // An error means that the door is gone, and so is this.
        let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
        let asked = Instant::now();
        let quiet = || if asked.elapsed() < PATIENCE { QUIET } else { PAUSE_OF_THE_BUSY };
        while !activity.is_idle(quiet()) {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        done = pass_on(client, gateway, &activity) => if let Err(error) = done {
            tracing::debug!("a connection to {addr} broke off: {error}");
        },
        () = idle => {}
    }
}

/// Ready when every port leads somewhere.
struct Ready(Vec<Arc<Replicas>>);

#[async_trait]
impl Probe for Ready {
    async fn ready(&self) -> Result<(), NotReady> {
        if self.0.iter().all(|replicas| replicas.is_ready()) {
            return Ok(());
        }
        Err(NotReady("no replica of the gateway is ready".into()))
    }
}
