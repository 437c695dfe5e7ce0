//! The application: listeners, upstreams, and how it runs and stops.

use crate::front::Front;
use crate::proxy::{Gateway, MAX_TRIES};
use crate::settings::Settings;
use crate::upstream::{ReplicaMetrics, Upstream};
use async_trait::async_trait;
use parking_lot::Mutex;
use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::proxy::http_proxy;
use pingora::server::configuration::ServerConf;
use pingora::server::{Fds, ListenFds};
use pingora::services::Service as _;
use pingora::services::listening::Service;
use prometheus_client::metrics::counter::Counter;
use service_kit::{Admin, BindError, HttpMetrics, Metrics, NotReady, Probe, bind};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::IntoRawFd;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A page of 10 KB and its headers leave in one write; with pingora's default in two.
const WRITE_BUFFER_BYTES: usize = 128 * 1024;
const READ_BUFFER_BYTES: usize = 16 * 1024;

/// A bound gateway.
///
/// It runs pingora's service on the caller's runtime instead of pingora's `Server`, which would
/// exit the process, sleep a fixed time before it stops, panic if the port is in use, and could
/// not say which port it chose. So it can run beside others in one process and in tests.
pub struct Application {
    listener: TcpListener,
    addr: SocketAddr,
    admin: Admin,
    settings: Settings,
}

impl Application {
    /// Binds both listeners. Nobody behind them is asked yet.
    ///
    /// # Errors
    ///
    /// [`BindError`] names the setting whose port is in use.
    pub fn bind(settings: &Settings) -> Result<Self, BindError> {
        let (listener, addr) = bind("GATEWAY_LISTEN", settings.listen)?;
        let admin = Admin::bind("GATEWAY_ADMIN_LISTEN", settings.admin_listen)?;
        Ok(Self { listener, addr, admin, settings: settings.clone() })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where it answers `/livez`, `/readyz` and `/metrics`.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin.addr()
    }

    /// Serves until `stop` completes; then accepts nobody, closes idle connections, and finishes
    /// what is in hand, for at most `GATEWAY_DRAIN`.
    ///
    /// # Errors
    ///
    /// If the second listener cannot be used in this runtime.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
        let upstream = self.settings.upstream.clone();
        let replicas = ReplicaMetrics::register(&metrics);
        let api = Arc::new(Upstream::new("api", upstream.api.clone(), replicas.clone()));
        let blog_static =
            Arc::new(Upstream::new("blog-static", upstream.blog_static.clone(), replicas));
        let retries = Counter::default();
        metrics.register("upstream_retries", "Requests sent to a second replica", retries.clone());
        let in_hand = watch::Sender::new(());
        let gateway = Gateway {
            api: api.clone(),
            blog_static: blog_static.clone(),
            settings: upstream,
            trusted: self.settings.trusted.clone(),
            metrics: HttpMetrics::register(&metrics),
            retries,
            in_hand: in_hand.clone(),
        };
        let probe = Arc::new(Ready(blog_static.clone()));
        let (shutdown, watch) = watch::channel(false);
        let (mut service, fds) =
            service(gateway, self.listener, self.addr, self.settings.header_timeout);
        let serving = tokio::spawn(async move { service.start_service(Some(fds), watch, 1).await });
        tokio::select! {
            () = stop => {}
            done = self.admin.run(probe, metrics) => done?,
            () = api.follow() => {}
            () = blog_static.follow() => {}
        }
        // Nobody listens any more if the service has ended by itself.
        let _ = shutdown.send(true);
        if let Err(error) = serving.await {
            return Err(io::Error::other(error));
        }
        if tokio::time::timeout(self.settings.drain, in_hand.closed()).await.is_err() {
            tracing::warn!("requests were cut off that took longer than GATEWAY_DRAIN");
        }
        Ok(())
    }
}

/// Pingora's service over a listener that is bound already.
fn service(
    gateway: Gateway,
    listener: TcpListener,
    addr: SocketAddr,
    header_timeout: Duration,
) -> (Service<Front>, ListenFds) {
    let conf = ServerConf { max_retries: MAX_TRIES, ..ServerConf::default() };
    let proxy = Arc::new(http_proxy(&Arc::new(conf), gateway));
    let mut service = Service::new("gateway".into(), Front { proxy, header_timeout });
    let buffer = L4BufferSettings::new(READ_BUFFER_BYTES, WRITE_BUFFER_BYTES);
    service.add_listener(ListenerConfig::tcp(addr.to_string()).l4_buffer(buffer));
    let mut fds = Fds::new();
    fds.add(addr.to_string(), listener.into_raw_fd());
    (service, Arc::new(Mutex::new(fds)))
}

/// Ready when readers can have pages.
struct Ready(Arc<Upstream>);

#[async_trait]
impl Probe for Ready {
    async fn ready(&self) -> Result<(), NotReady> {
        if self.0.is_ready() {
            return Ok(());
        }
        Err(NotReady("no replica of blog-static is well".into()))
    }
}
