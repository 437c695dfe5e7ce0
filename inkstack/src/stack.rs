//! The whole stack in one process: the same code as the four programs, over loopback.

use anyhow::Context;
use api::Backends;
use blog_static::Shelf;
use content_loader::{BlogStatic, Options, Report};
use gateway::Origin;
use release::Release;
use service_kit::{MapVars, ProcessEnv, Vars, healthcheck};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::{MemoryCache, MemoryTally, StoreSettings};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The parts, bound and not yet running.
pub(crate) struct Stack {
    gateway: gateway::Application,
    api: api::Application,
    blog_static: blog_static::Application,
    loader: Loader,
}

/// What is running.
pub(crate) struct Running {
    parts: JoinSet<std::io::Result<()>>,
    stop: watch::Sender<bool>,
}

/// Puts a release into service: on the shelf, then in the store.
#[derive(Clone)]
pub(crate) struct Loader {
    shelf: Shelf,
    source: BlogStatic,
    store: StoreSettings,
    api_admin: SocketAddr,
}

/// The API's settings here. What a blog does with comments is for the environment to say.
struct OwnVars(MapVars);

impl Vars for OwnVars {
    fn raw(&self, name: &str) -> Option<String> {
        let is_of_comments =
            ["API_COMMENT", "API_ADMIN_TOKEN"].iter().any(|start| name.starts_with(start));
        if is_of_comments { ProcessEnv.raw(name) } else { self.0.raw(name) }
    }
}

impl Stack {
    /// Binds all parts: the gateway as `settings` say, the others at free ports of loopback.
    pub(crate) async fn bind(
        mut settings: gateway::Settings,
        title: &str,
        database: &Path,
    ) -> anyhow::Result<Self> {
        let free: SocketAddr = ([127, 0, 0, 1], 0).into();
        let shelf = Shelf::default();
        let store = StoreSettings::Sqlite(database.to_owned());
        let vars = OwnVars(MapVars::from([
            ("API_LISTEN", "127.0.0.1:0"),
            ("API_ADMIN_LISTEN", "127.0.0.1:0"),
            ("API_POLL", "50ms"),
            ("API_SITE_TITLE", title),
        ]));
        let settings_api = api::Settings::from_vars(&vars)?;
        let posts = store
            .reader()
            .await
            .with_context(|| format!("{} cannot be used: it can be deleted", database.display()))?;
        let caches: Vec<Arc<dyn domain::Cache>> =
            vec![Arc::new(MemoryCache::new(settings_api.cache_bytes))];
        let backends = Backends {
            posts,
            caches,
            tally: Arc::new(MemoryTally::default()),
            counts: store.counts().await?,
            comments: store.comments().await?,
        };
        let api = api::Application::bind(&settings_api, backends)?;

        let pages = blog_static::Settings {
            listen: free,
            admin_listen: free,
            api: api.addr().to_string(),
            ..blog_static::Settings::default()
        };
        let blog_static = blog_static::Application::bind(&pages, shelf.clone())?;

        let origin = |addr: SocketAddr, admin: SocketAddr| {
            vec![Origin::new(&addr.ip().to_string(), addr.port(), admin.port())]
        };
        settings.upstream.api = origin(api.addr(), api.admin_addr());
        settings.upstream.blog_static = origin(blog_static.addr(), blog_static.admin_addr());
        let gateway = gateway::Application::bind(&settings)?;
        let source = BlogStatic::new(&blog_static.addr().to_string())?;
        let loader = Loader { shelf, source, store, api_admin: api.admin_addr() };
        Ok(Self { gateway, api, blog_static, loader })
    }

    /// Where readers come in.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.gateway.addr()
    }

    /// What puts releases into service.
    pub(crate) fn loader(&self) -> Loader {
        self.loader.clone()
    }

    /// Runs all parts.
    pub(crate) fn start(self) -> Running {
        let stop = watch::Sender::new(false);
        let asked = || {
            let mut asked = stop.subscribe();
            async move {
                // An error means that the sender is gone, and so that it is time to stop.
                let _ = asked.wait_for(|is_asked| *is_asked).await;
            }
        };
        let mut parts = JoinSet::new();
        parts.spawn(self.blog_static.run(asked()));
        parts.spawn(self.api.run(asked()));
        parts.spawn(self.gateway.run(asked()));
        Running { parts, stop }
    }
}

impl Running {
    /// Completes when a part has ended by itself.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<()> {
        match self.parts.join_next().await {
            Some(done) => done?.context("a part of the stack has stopped"),
            None => Ok(()),
        }
    }

    /// Asks all parts to stop and waits until they have.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        while let Some(done) = self.parts.join_next().await {
            done??;
        }
        Ok(())
    }
}

impl Loader {
    /// Serves the release in `folder`, and registers it as the real job does, over HTTP.
    pub(crate) async fn load(&self, folder: &Path) -> anyhow::Result<Report> {
        self.shelf.put(Release::open(folder)?);
        let options = Options {
            expected: None,
            deadline: Duration::from_secs(30),
            lease: Duration::from_secs(5),
            keep: 2,
            is_dry_run: false,
            // Whoever deletes half of the posts on their own desk means it.
            allow_shrink: true,
        };
        let posts = self.store.writer().await?;
        let loaded = content_loader::load(&self.source, &*posts, &options, &|_, _| {}).await;
        let report = loaded.context("registering the posts")?;
        tokio::time::timeout(options.deadline, self.until_listed()).await?;
        Ok(report)
    }

    /// Waits until the API answers, which it does when it has seen its first release.
    async fn until_listed(&self) {
        while healthcheck(self.api_admin, "/readyz").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
