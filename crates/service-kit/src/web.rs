//! The web server that services share: listener, request ids, one log line a request, metrics,
//! a stop that loses nothing.

use crate::{BindError, HttpMetrics, REQUEST_ID, RequestId, bind};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, Error, HttpMessage, HttpServer};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// How long a client may take to send its headers.
const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// How long an idle connection stays open; longer than the gateway keeps its own, so that it is
/// the gateway that closes and no request meets a closing door.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// For a server with two cores.
const WORKERS: usize = 2;

/// A bound listener of a service.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    addr: SocketAddr,
}

/// What is noted of each request.
#[derive(Debug, Clone)]
pub struct Observer {
    /// Where requests are counted.
    pub metrics: HttpMetrics,
    /// The route that a path belongs to: one of a few names, never the client's own words.
    pub route: fn(&str) -> &'static str,
}

impl Listener {
    /// Binds `listen`, which the setting `setting` gave. Port 0 picks a free one.
    ///
    /// # Errors
    ///
    /// [`BindError`] names the setting.
    pub fn bind(setting: &'static str, listen: SocketAddr) -> Result<Self, BindError> {
        let (listener, addr) = bind(setting, listen)?;
        Ok(Self { listener, addr })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves what `configure` mounts until `stop` completes, then finishes what is in hand, for
    /// at most `drain`.
    ///
    /// # Errors
    ///
    /// What the system says if accepting fails.
    pub async fn serve(
        self,
        observer: Observer,
        drain: Duration,
        stop: impl Future<Output = ()>,
        configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> io::Result<()> {
        let observer = Data::new(observer);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(observer.clone())
                .wrap(from_fn(observe))
                .configure(configure.clone())
        })
        .workers(WORKERS)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEADER_DEADLINE)
        .shutdown_timeout(drain.as_secs())
        .disable_signals()
        .listen(self.listener)?
        .run();
        let handle = server.handle();
        let mut server = server;
        tokio::select! {
            done = &mut server => return done,
            () = stop => {}
        }
        let (done, ()) = tokio::join!(server, handle.stop(true));
        done
    }
}

/// Gives each request its id, and notes it when its answer begins.
async fn observe<B: MessageBody>(
    observer: Data<Observer>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let sent = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = RequestId::accept(sent);
    request.extensions_mut().insert(id.clone());
    let mut answer = next.call(request).await?;
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        answer.headers_mut().insert(HeaderName::from_static(REQUEST_ID), value);
    }
    let (method, path) = (answer.request().method(), answer.request().path());
    let (status, took) = (answer.status().as_u16(), started.elapsed());
    observer.metrics.observe((observer.route)(path), status, took);
    tracing::info!(
        http.method = %method,
        http.path = path,
        http.status = status,
        duration_ms = took.as_secs_f64() * 1000.0,
        request_id = id.as_str(),
        "{method} {path} {status}",
    );
    Ok(answer)
}
