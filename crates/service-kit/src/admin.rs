//! The second listener, never published: `/livez`, `/readyz`, `/healthz`, `/metrics`.

use crate::{BindError, Metrics, bind};
use async_trait::async_trait;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A probe that takes longer has no answer.
const PROBE_DEADLINE: Duration = Duration::from_secs(1);
/// A neighbour that sends its request more slowly is none.
const HEADER_DEADLINE: Duration = Duration::from_secs(5);

/// The header that names the release which is served.
pub const X_RELEASE: &str = "x-release";

/// What a service needs before it can answer well.
#[async_trait]
pub trait Probe: Send + Sync + 'static {
    /// Whether the service can answer now.
    async fn ready(&self) -> Result<(), NotReady>;

    /// The release that is served, for a service that serves one. `/readyz` says it in
    /// [`X_RELEASE`], so that the gateway can keep to one release.
    fn release(&self) -> Option<String> {
        None
    }
}

/// What is missing, for the person who operates the service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotReady(pub String);

/// The bound second listener.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
    addr: SocketAddr,
}

impl Admin {
    /// Binds `listen`, which the setting `setting` gave. Port 0 picks a free one.
    ///
    /// # Errors
    ///
    /// [`BindError`] names the setting.
    pub fn bind(setting: &'static str, listen: SocketAddr) -> Result<Self, BindError> {
        let (listener, addr) = bind(setting, listen)?;
        Ok(Self::on(listener, addr))
    }

    /// One that listens already, at `addr`. The listener must not block.
    #[must_use]
    pub fn on(listener: TcpListener, addr: SocketAddr) -> Self {
        Self { listener, addr }
    }

    /// Its listener.
    #[must_use]
    pub fn listener(&self) -> &TcpListener {
        &self.listener
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers until it is dropped.
    ///
    /// # Errors
    ///
    /// If the listener cannot be used in this runtime.
    pub async fn run(self, probe: Arc<dyn Probe>, metrics: Metrics) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let health = Arc::new(Health { probe, was_ready: AtomicBool::new(false) });
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!("the admin listener cannot accept: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (health, metrics) = (health.clone(), metrics.clone());
            let service = service_fn(move |request| {
                let (health, metrics) = (health.clone(), metrics.clone());
                async move { Ok::<_, Infallible>(answer(&request, &health, &metrics).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_DEADLINE)
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move {
                // A neighbour that hangs up has its answer or does not want it.
                let _ = connection.await;
            });
        }
    }
}

/// What is known of the service's health.
struct Health {
    probe: Arc<dyn Probe>,
    was_ready: AtomicBool,
}

impl Health {
    /// Whether the service is ready now.
    async fn ready(&self) -> Result<(), NotReady> {
        let asked = tokio::time::timeout(PROBE_DEADLINE, self.probe.ready()).await;
        asked.unwrap_or_else(|_| Err(NotReady("no answer in time".into())))?;
        self.was_ready.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether it has ever been ready. An orchestrator that replaces a service waits for this before
    /// it stops the old one, and takes a new one that never gets there for broken. Afterwards, a
    /// neighbour's trouble is no reason to restart it.
    async fn healthy(&self) -> Result<(), NotReady> {
        if self.was_ready.load(Ordering::Relaxed) { Ok(()) } else { self.ready().await }
    }
}

async fn answer(
    request: &Request<Incoming>,
    health: &Health,
    metrics: &Metrics,
) -> Response<Full<Bytes>> {
    const TEXT: &str = "text/plain; charset=utf-8";
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let probed = |ready: Result<(), NotReady>, word: &str| match ready {
        Ok(()) => (StatusCode::OK, TEXT, format!("{word}\n")),
        Err(missing) => (StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{missing}\n")),
    };
    let (status, kind, body) = match request.uri().path() {
        "/livez" => (StatusCode::OK, TEXT, "alive\n".to_owned()),
        "/readyz" => probed(health.ready().await, "ready"),
        "/healthz" => probed(health.healthy().await, "healthy"),
        "/metrics" => (StatusCode::OK, OPEN_METRICS, metrics.text()),
        _ => (StatusCode::NOT_FOUND, TEXT, "/livez, /readyz, /healthz, /metrics\n".to_owned()),
    };
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if request.uri().path() == "/readyz"
        && let Some(release) = health.probe.release()
        && let Ok(release) = HeaderValue::from_str(&release)
    {
        answer.headers_mut().insert(X_RELEASE, release);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HealthcheckError, Well, healthcheck};

    struct Missing(Option<&'static str>);

    #[async_trait]
    impl Probe for Missing {
        async fn ready(&self) -> Result<(), NotReady> {
            self.0.map_or(Ok(()), |what| Err(NotReady(what.to_owned())))
        }

        fn release(&self) -> Option<String> {
            Some("a1b2".to_owned())
        }
    }

    async fn ask(missing: Missing, path: &'static str) -> Result<Well, HealthcheckError> {
        let admin = Admin::bind("TEST", ([0, 0, 0, 0], 0).into()).unwrap();
        let addr = admin.addr();
        let running = tokio::spawn(admin.run(Arc::new(missing), Metrics::new("0")));
        let answer = healthcheck(addr, path).await;
        running.abort();
        answer
    }

    #[tokio::test]
    async fn a_service_that_misses_a_neighbour_is_alive_and_not_ready() {
        ask(Missing(Some("no database")), "/livez").await.unwrap();

        let error = ask(Missing(Some("no database")), "/readyz").await.unwrap_err();

        assert!(error.to_string().contains("503"), "{error}");
        ask(Missing(None), "/readyz").await.unwrap();
        ask(Missing(None), "/metrics").await.unwrap();
        ask(Missing(None), "/other").await.unwrap_err();
    }

    /// Ready the first time only.
    struct Once(AtomicBool);

    #[async_trait]
    impl Probe for Once {
        async fn ready(&self) -> Result<(), NotReady> {
            if self.0.swap(false, Ordering::Relaxed) { Ok(()) } else { Err(NotReady("no".into())) }
        }
    }

    #[tokio::test]
    async fn a_service_that_was_ready_once_stays_healthy() {
        ask(Missing(Some("no database")), "/healthz").await.unwrap_err();
        let admin = Admin::bind("TEST", ([127, 0, 0, 1], 0).into()).unwrap();
        let addr = admin.addr();
        let probe = Arc::new(Once(AtomicBool::new(true)));
        let running = tokio::spawn(admin.run(probe, Metrics::new("0")));

        healthcheck(addr, "/readyz").await.unwrap();

        healthcheck(addr, "/readyz").await.unwrap_err();
        healthcheck(addr, "/healthz").await.unwrap();
        running.abort();
    }

    #[tokio::test]
    async fn a_service_says_which_release_it_serves() {
        let well = ask(Missing(None), "/readyz").await.unwrap();
        assert_eq!(well.release.as_deref(), Some("a1b2"));

        assert_eq!(ask(Missing(None), "/livez").await.unwrap().release, None);
    }

    #[tokio::test]
    async fn a_service_that_is_gone_is_not_healthy() {
        let addr = Admin::bind("TEST", ([127, 0, 0, 1], 0).into()).unwrap().addr();

        let error = healthcheck(addr, "/livez").await.unwrap_err();

        assert!(matches!(error, HealthcheckError::Silent { .. }));
    }
}
