//! The application: listeners, the shelf, routes.

use crate::answer::{self, Asked};
use crate::blobs::Blobs;
use crate::search::{self, Query, Search};
use crate::{Settings, Shelf, metrics, route};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use service_kit::web::{Listener, Observer};
use service_kit::{Admin, BindError, HttpMetrics, Metrics};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const X_RELEASE: HeaderName = HeaderName::from_static("x-release");

/// A bound server.
pub struct Application {
    listener: Listener,
    admin: Admin,
    shelf: Shelf,
    search: Search,
    cache_bytes: u64,
    drain: Duration,
}

impl Application {
    /// Binds both listeners and prepares to serve what lies on `shelf`, which may be nothing yet.
    ///
    /// # Errors
    ///
    /// [`BindError`] names the setting whose port is in use.
    pub fn bind(settings: &Settings, shelf: Shelf) -> Result<Self, BindError> {
        Ok(Self {
            listener: Listener::bind("BLOG_STATIC_LISTEN", settings.listen)?,
            admin: Admin::bind("BLOG_STATIC_ADMIN_LISTEN", settings.admin_listen)?,
            shelf,
            search: Search::new(&settings.api),
            cache_bytes: settings.cache_bytes,
            drain: settings.drain,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Where it answers `/livez`, `/readyz` and `/metrics`.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin.addr()
    }

    /// Serves until `stop` completes, then finishes what is in hand.
    ///
    /// # Errors
    ///
    /// What the system says if accepting fails.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let numbers = Metrics::new(env!("CARGO_PKG_VERSION"));
        metrics::register(&numbers, &self.shelf);
        let observer = Observer { metrics: HttpMetrics::register(&numbers), route: route::name };
        let probe = Arc::new(self.shelf.clone());
        let blobs = Data::new(Blobs::new(self.cache_bytes));
        let release = Data::new(self.shelf);
        let search = Data::new(self.search);
        let serve = self.listener.serve(observer, self.drain, stop, move |config| {
            config
                .app_data(release.clone())
                .app_data(blobs.clone())
                .app_data(search.clone())
                .default_service(web::to(serve));
        });
        tokio::select! {
            done = serve => done,
            done = self.admin.run(probe, numbers) => done,
        }
    }
}

async fn serve(
    request: HttpRequest,
    shelf: Data<Shelf>,
    blobs: Data<Blobs>,
    search: Data<Search>,
) -> HttpResponse {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return answer::method_not_allowed();
    }
    let Some(release) = shelf.take() else {
        return answer::refusal(StatusCode::SERVICE_UNAVAILABLE, "there is no release yet");
    };
    let asked = Asked { request: &request, release: &release, blobs: &blobs };
    let query = Query::of(request.query_string());
    let answered = match (request.path(), query) {
        ("/_release/release.json", _) => Ok(asked.manifest()),
        ("/_release/posts.ndjson", _) => asked.posts().await,
        (search::ROUTE, Some(query)) => asked.search(&search, &query).await,
        _ => asked.page().await,
    };
    let mut answer = answered.unwrap_or_else(|error| {
        let path = request.path();
        tracing::error!(http.path = path, "a file of the release cannot be read: {error}");
        answer::refusal(StatusCode::INTERNAL_SERVER_ERROR, "this page cannot be read")
    });
    if let Ok(id) = HeaderValue::from_str(&release.index().id.to_string()) {
        answer.headers_mut().insert(X_RELEASE, id);
    }
    answer
}
