//! The application: what it is made of, and how it runs.

use crate::comments::Comments;
use crate::counter::{Counter, Pace};
use crate::error::ApiError;
use crate::flight::Flights;
use crate::metrics::ApiMetrics;
use crate::routes;
use crate::settings::Settings;
use crate::snapshot::Served;
use actix_web::web::Data;
use async_trait::async_trait;
use domain::{Cache, CommentStore, CountStore, PostReader, Tally};
use service_kit::web::{Listener, Observer};
use service_kit::{Admin, BindError, HttpMetrics, Metrics, NotReady, Probe};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What stands behind the API. Only `main` knows which kind each is.
#[derive(Clone)]
pub struct Backends {
    /// The registered posts.
    pub posts: Arc<dyn PostReader>,
    /// Where answers are kept, the nearest first.
    pub caches: Vec<Arc<dyn Cache>>,
    /// Where views and likes are gathered.
    pub tally: Arc<dyn Tally>,
    /// Where they are kept.
    pub counts: Arc<dyn CountStore>,
    /// Where comments are kept, if there are any.
    pub comments: Arc<dyn CommentStore>,
}

/// A bound API.
pub struct Application {
    listener: Listener,
    admin: Admin,
    metrics: Metrics,
    blog: Blog,
    posts: Arc<dyn PostReader>,
    poll: Duration,
    pace: Pace,
    drain: Duration,
}

/// What handlers hold.
#[derive(Clone)]
pub(crate) struct Blog {
    pub(crate) caches: Vec<Arc<dyn Cache>>,
    pub(crate) served: Served,
    pub(crate) counter: Counter,
    pub(crate) flights: Flights,
    pub(crate) writes_per_minute: u32,
    pub(crate) metrics: ApiMetrics,
    pub(crate) site_title: String,
    comments: Option<Arc<Comments>>,
}

impl Blog {
    /// How comments are taken.
    ///
    /// # Errors
    ///
    /// [`ApiError::CommentsOff`].
    pub(crate) fn comments(&self) -> Result<&Arc<Comments>, ApiError> {
        self.comments.as_ref().ok_or(ApiError::CommentsOff)
    }
}

impl Application {
    /// Binds both listeners. Nobody is asked yet; the store may still be down.
    ///
    /// # Errors
    ///
    /// [`BindError`] names the setting whose port is in use.
    pub fn bind(settings: &Settings, backends: Backends) -> Result<Self, BindError> {
        let listener = Listener::bind("API_LISTEN", settings.listen)?;
        let admin = Admin::bind("API_ADMIN_LISTEN", settings.admin_listen)?;
        let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
        let served = Served::default();
        let blog = Blog {
            metrics: ApiMetrics::register(&metrics, &served, &backends.caches),
            caches: backends.caches,
            served,
            counter: Counter::new(backends.tally, backends.counts),
            flights: Flights::default(),
            writes_per_minute: settings.writes_per_minute,
            site_title: settings.site_title.clone(),
            comments: Comments::new(&settings.comments, backends.comments).map(Arc::new),
        };
        let (poll, drain) = (settings.poll, settings.drain);
        let pace = Pace { every: settings.count_interval, age: settings.counts_age };
        let posts = backends.posts;
        Ok(Self { listener, admin, metrics, blog, posts, poll, pace, drain })
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
        let Self { listener, admin, metrics, blog, posts, poll, pace, drain } = self;
        let observer = Observer { metrics: HttpMetrics::register(&metrics), route: routes::name };
        let probe = Arc::new(blog.served.clone());
        let follow = blog.served.clone().follow(posts, poll, blog.metrics.clone());
        let watch = blog.metrics.clone().watch(blog.caches.clone());
        let counter = blog.counter.clone();
        let count = counter.clone().follow(pace);
        let comments = blog.comments.clone();
        let prepare = async move {
            match comments {
                Some(comments) => comments.prepare().await,
                None => std::future::pending().await,
            }
        };
        let blog = Data::new(blog);
        let serve = listener.serve(observer, drain, stop, move |config| {
            config.app_data(blog.clone()).configure(routes::mount);
        });
        let done = tokio::select! {
            done = serve => done,
            done = admin.run(probe, metrics) => done,
            () = follow => Ok(()),
            () = watch => Ok(()),
            () = count => Ok(()),
            () = prepare => Ok(()),
        };
        counter.finish().await;
        done
    }
}

/// Ready when a release is known: from then on every question about posts has an answer, even if the
/// store goes away.
#[async_trait]
impl Probe for Served {
    async fn ready(&self) -> Result<(), NotReady> {
        match self.snapshot() {
            Ok(_) => Ok(()),
            Err(error) => Err(NotReady(self.trouble().unwrap_or_else(|| error.to_string()))),
        }
    }
    fn release(&self) -> Option<String> {
        Some(self.snapshot().ok()?.release.id.to_string())
    }
}
