//! What a running gateway is made of, put together.

use crate::access::AccessLog;
use crate::acme::Store;
use crate::cache::Answers;
use crate::connection::Connections;
use crate::drain::Drain;
use crate::hot::Hot;
use crate::limit::{ClientLimits, Clients, Limit, LimitMetrics};
use crate::memory::Memory;
use crate::parking::{Attendant, Parking};
use crate::proxy::{Gateway, Https, MAX_TRIES};
use crate::refresh::{MAX_WAITING, Refresh};
use crate::relay::Relay;
use crate::settings::{CertificateSource, Settings, TlsSettings};
use crate::tls::{Certificates, TlsMetrics};
use crate::upstream::{Names, Origin, ReplicaMetrics, Upstream};
use pingora::proxy::HttpProxy;
use pingora::server::configuration::ServerConf;
use prometheus_client::metrics::counter::Counter;
use service_kit::{HttpMetrics, Metrics};
use std::io;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// What TLS is spoken with.
pub(crate) struct Keys {
    certificates: Arc<Certificates>,
    challenges: Option<Arc<Store>>,
}

impl Keys {
    /// `challenges` answers the authority that certificates come from.
    pub(crate) fn new(certificates: Arc<Certificates>, challenges: Option<Arc<Store>>) -> Self {
        Self { certificates, challenges }
    }
}

/// The parts.
pub(crate) struct Parts {
    pub(crate) api: Arc<Upstream>,
    pub(crate) blog_static: Arc<Upstream>,
    pub(crate) drain: Arc<Drain>,
    pub(crate) connections: Arc<Connections>,
    /// Wakes connections that wait.
    pub(crate) attendant: Attendant,
    /// What is to be asked for anew.
    pub(crate) refreshes: mpsc::Receiver<Refresh>,
    /// Tells pingora that the process is stopping.
    pub(crate) shutdown: watch::Sender<bool>,
}

impl Parts {
    pub(crate) fn new(
        settings: &Settings,
        metrics: &Metrics,
        keys: Option<Keys>,
        names: &Arc<dyn Names>,
    ) -> io::Result<Self> {
        let upstream = &settings.upstream;
        let replicas = ReplicaMetrics::register(metrics);
        let service = |name, origins: &Vec<Origin>| {
            Arc::new(Upstream::new(name, origins.clone(), replicas.clone(), names.clone()))
        };
        let api = service("api", &upstream.api);
        let blog_static = service("blog-static", &upstream.blog_static);
        let hit = LimitMetrics::register(metrics);
        let drain = Arc::new(Drain::new(metrics));
        let mut limits: ClientLimits = settings.clients.clone();
        // A trusted proxy carries many clients, which are counted by themselves.
        limits.unlimited.extend(&settings.trusted);
        let clients = Arc::new(Clients::new(limits, Instant::now()));
        let turned_away = Counter::default();
        let help = "Connections that were closed because there were too many";
        metrics.register("connections_turned_away", help, turned_away.clone());
        let retries = Counter::default();
        metrics.register("upstream_retries", "Requests sent to a second replica", retries.clone());
        let http = HttpMetrics::register(metrics);
        let access = AccessLog::new(http.clone(), settings.log_sample.get());
        let (waiting, refreshes) = mpsc::channel(MAX_WAITING);
        let answers = Arc::new(Answers::new(settings.cache_bytes, metrics));
        let https = settings.tls.as_ref().zip(keys).map(|(tls, keys)| https(tls, keys));
        let hot = Arc::new(Hot {
            api: api.clone(),
            blog_static: blog_static.clone(),
            answers: answers.clone(),
            clients: clients.clone(),
            trusted: settings.trusted.clone(),
            https: https.clone(),
            drain: drain.clone(),
            access: access.clone(),
        });
        let relay = Relay {
            api: api.clone(),
            settings: upstream.clone(),
            answers: answers.clone(),
            access: access.clone(),
            content_security_policy: settings.content_security_policy.clone(),
        };
        let proxy = proxy(Gateway {
            api: api.clone(),
            blog_static: blog_static.clone(),
            settings: upstream.clone(),
            trusted: settings.trusted.clone(),
            access: access.clone(),
            retries,
            drain: drain.clone(),
            clients: clients.clone(),
            memory: Memory { answers, refreshes: waiting },
            purgers: settings.purgers.clone(),
            https,
            max_body_bytes: settings.max_body_bytes,
            body_timeout: settings.body_timeout,
            hit: hit.clone(),
            content_security_policy: settings.content_security_policy.clone(),
        });
        let (shutdown, watch) = watch::channel(false);
        let (parking, attendant) = Parking::new(metrics)?;
        let connections = Arc::new(Connections {
            proxy,
            hot,
            relay,
            drain: drain.clone(),
            clients,
            parking,
            metrics: http,
            tls: TlsMetrics::register(metrics),
            cap: settings.max_connections,
            turned_away,
            slow_readers: hit.counter(Limit::SlowReader),
            hit,
            proxy_protocol: settings.proxy_protocol,
            header_timeout: settings.header_timeout,
            lame_duck: settings.lame_duck,
            shutdown: watch,
        });
        Ok(Self { api, blog_static, drain, connections, attendant, refreshes, shutdown })
    }
}

fn https(tls: &TlsSettings, keys: Keys) -> Https {
    Https {
        redirect: tls.only.then_some(tls.public_port),
        certificates: keys.certificates,
        challenges: keys.challenges,
        promise: match tls.certificates {
            CertificateSource::Folder(_) if !tls.hsts.is_zero() => {
                Some(format!("max-age={}", tls.hsts.as_secs()).into())
            }
            // Browsers would refuse the host when it has another certificate one day.
            CertificateSource::Folder(_) | CertificateSource::SelfSigned(_) => None,
        },
    }
}

fn proxy(gateway: Gateway) -> Arc<HttpProxy<Gateway>> {
    let conf = ServerConf { max_retries: MAX_TRIES, ..ServerConf::default() };
    let mut proxy = HttpProxy::new(gateway, Arc::new(conf));
    proxy.handle_init_modules();
    Arc::new(proxy)
}
