//! The application: listeners, upstreams, and how it runs and stops.

use crate::cache::Answers;
use crate::connection::Connections;
use crate::drain::Drain;
use crate::limit::Clients;
use crate::memory::Memory;
use crate::proxy::{Gateway, MAX_TRIES};
use crate::settings::Settings;
use crate::upstream::{ReplicaMetrics, Upstream};
use crate::{listener, refresh};
use async_trait::async_trait;
use pingora::proxy::HttpProxy;
use pingora::server::configuration::ServerConf;
use prometheus_client::metrics::counter::Counter;
use service_kit::{Admin, BindError, HttpMetrics, Metrics, NotReady, Probe, bind};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// A bound gateway.
///
/// It accepts and reads by itself, and gives pingora whole requests (decision 0003).
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

    /// Serves until `stop` completes; then says so in every answer for `GATEWAY_LAME_DUCK`, accepts
    /// nobody, closes idle connections, and finishes what is in hand, for at most
    /// `GATEWAY_DRAIN`.
    ///
    /// # Errors
    ///
    /// If a listener cannot be used in this runtime.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let Self { listener, admin, settings, .. } = self;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
        let upstream = &settings.upstream;
        let replicas = ReplicaMetrics::register(&metrics);
        let api = Arc::new(Upstream::new("api", upstream.api.clone(), replicas.clone()));
        let blog_static =
            Arc::new(Upstream::new("blog-static", upstream.blog_static.clone(), replicas));
        let drain = Arc::new(Drain::new(&metrics));
        let probe = Ready { blog_static: blog_static.clone(), drain: drain.clone() };
        let clients = Arc::new(Clients::new(settings.clients.clone(), Instant::now()));
        let turned_away = Counter::default();
        let help = "Connections that were closed because there were too many";
        metrics.register("connections_turned_away", help, turned_away.clone());
        let http = HttpMetrics::register(&metrics);
        let retries = Counter::default();
        metrics.register("upstream_retries", "Requests sent to a second replica", retries.clone());
        let answers = Arc::new(Answers::new(settings.cache_bytes, &metrics));
        let (refreshes, waiting) = mpsc::channel(refresh::MAX_WAITING);
        let gateway = Gateway {
            api: api.clone(),
            blog_static: blog_static.clone(),
            settings: settings.upstream.clone(),
            trusted: settings.trusted.clone(),
            metrics: http.clone(),
            retries,
            drain: drain.clone(),
            clients: clients.clone(),
            memory: Memory { answers, refreshes },
            purgers: settings.purgers.clone(),
            max_body_bytes: settings.max_body_bytes,
            content_security_policy: settings.content_security_policy.clone(),
        };
        let (shutdown, watch) = watch::channel(false);
        let proxy = proxy(gateway);
        let refreshing = refresh::serve(waiting, proxy.clone(), watch.clone());
        let connections = Arc::new(Connections {
            proxy,
            drain: drain.clone(),
            clients,
            metrics: http,
            cap: settings.max_connections,
            turned_away,
            proxy_protocol: settings.proxy_protocol,
            header_timeout: settings.header_timeout,
            lame_duck: settings.lame_duck,
            shutdown: watch,
        });
        let mut accepting = pin!(listener::accept(listener, connections));
        let mut beside = pin!(async {
            tokio::select! {
                done = admin.run(Arc::new(probe), metrics) => done,
                () = api.follow() => Ok(()),
                () = blog_static.follow() => Ok(()),
                () = refreshing => Ok(()),
            }
        });
        tokio::select! {
            () = stop => {}
            () = &mut accepting => {}
            done = &mut beside => return done,
        }
        let stopping = async {
            shutdown.send_replace(true);
            drain.lame_duck(settings.lame_duck).await;
            drain.close();
        };
        let stopped = async {
            tokio::join!(stopping, accepting);
            if !drain.finished(settings.drain).await {
                tracing::warn!("requests were cut off that took longer than GATEWAY_DRAIN");
            }
        };
        tokio::select! {
            () = stopped => Ok(()),
            done = beside => done,
        }
    }
}

fn proxy(gateway: Gateway) -> Arc<HttpProxy<Gateway>> {
    let conf = ServerConf { max_retries: MAX_TRIES, ..ServerConf::default() };
    let mut proxy = HttpProxy::new(gateway, Arc::new(conf));
    proxy.handle_init_modules();
    Arc::new(proxy)
}

/// Ready when readers can have pages, and the gateway is not on its way out.
struct Ready {
    blog_static: Arc<Upstream>,
    drain: Arc<Drain>,
}

#[async_trait]
impl Probe for Ready {
    async fn ready(&self) -> Result<(), NotReady> {
        if self.drain.is_lame() {
            return Err(NotReady("it is stopping".into()));
        }
        if self.blog_static.is_ready() {
            return Ok(());
        }
        Err(NotReady("no replica of blog-static is well".into()))
    }
}
