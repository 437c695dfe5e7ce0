//! The application: listener, routes, one log line a request.

use crate::answer;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::Server};
use release::Release;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Instant;

const X_RELEASE: HeaderName = HeaderName::from_static("x-release");

/// A bound server.
pub struct Application {
    addr: SocketAddr,
    server: Server,
}

impl Application {
    /// Binds `listen` and prepares to serve `release`.
    ///
    /// # Errors
    ///
    /// What the system says, for instance that the port is in use.
    pub fn bind(listen: SocketAddr, release: Release) -> io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        let addr = listener.local_addr()?;
        let release = Data::new(release);
        let server = HttpServer::new(move || {
            App::new().app_data(release.clone()).default_service(web::to(serve))
        })
        .workers(2)
        .disable_signals()
        .listen(listener)?
        .run();
        Ok(Self { addr, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `stop` completes, then finishes what is in hand.
    ///
    /// # Errors
    ///
    /// What the system says if accepting fails.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let handle = self.server.handle();
        let mut server = self.server;
        tokio::select! {
            done = &mut server => return done,
            () = stop => {}
        }
        let (done, ()) = tokio::join!(server, handle.stop(true));
        done
    }
}

async fn serve(request: HttpRequest, release: Data<Release>) -> HttpResponse {
    let started = Instant::now();
    let path = request.uri().path();
    let answered = match path {
        _ if !matches!(*request.method(), Method::GET | Method::HEAD) => {
            Ok(answer::method_not_allowed())
        }
        "/_release/release.json" => Ok(answer::manifest(&release)),
        "/_release/posts.ndjson" => answer::posts(&release).await,
        _ => answer::page(&request, &release).await,
    };
    let mut answer = answered.unwrap_or_else(|error| {
        tracing::error!(http.path = path, "a file of the release cannot be read: {error}");
        HttpResponse::InternalServerError().finish()
    });
    if let Ok(id) = HeaderValue::from_str(&release.index().id.to_string()) {
        answer.headers_mut().insert(X_RELEASE, id);
    }
    let (status, duration_ms) = (answer.status().as_u16(), started.elapsed().as_millis());
    tracing::info!(
        http.method = %request.method(),
        http.path = path,
        http.status = status,
        duration_ms,
        "{} {path} {status}",
        request.method(),
    );
    answer
}
