//! Starts the API: settings, store, listeners, then serve until told to stop.

use anyhow::Context;
use api::{Application, Backends, Settings};
use domain::Cache;
use service_kit::{EX_USAGE, ProcessEnv, healthcheck, shutdown, telemetry};
use std::process::ExitCode;
use std::sync::Arc;
use store::{MemoryCache, RedisCache};

/// musl's own allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    telemetry::init(&ProcessEnv);
    let settings = match Settings::from_vars(&ProcessEnv) {
        Ok(settings) => settings,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::from(EX_USAGE);
        }
    };
    let done = match std::env::args().nth(1).as_deref() {
        None => run(settings).await,
        Some("healthcheck") => {
            healthcheck(settings.admin_listen, "/livez").await.map_err(Into::into)
        }
        Some(other) => {
            tracing::error!("`{other}` is no command: there is `healthcheck`, or none to serve");
            return ExitCode::from(EX_USAGE);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("stopped: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let posts = settings.store.reader().await.context("opening the store")?;
    let mut caches: Vec<Arc<dyn Cache>> = vec![Arc::new(MemoryCache::new(settings.cache_bytes))];
    if let Some(uri) = &settings.redis.uri {
        caches.push(Arc::new(RedisCache::connect(uri)?));
    }
    let app = Application::bind(&settings, Backends { posts, caches })?;
    tracing::info!("listening on http://{}, admin on {}", app.addr(), app.admin_addr());
    app.run(shutdown::asked()).await.context("serving")
}
