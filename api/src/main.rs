//! Starts the API: settings, store, listeners, then serve until told to stop.

use anyhow::Context;
use api::{Application, Backends, Settings};
use domain::Cache;
use service_kit::program::Question;
use service_kit::{program, shutdown};
use std::process::ExitCode;
use std::sync::Arc;
use store::{MemoryCache, RedisCache};

/// musl's own allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let openapi = Question { name: "openapi", answer: |_| Ok(api::openapi()) };
    program::run_with(&[openapi], Settings::from_vars, |settings| settings.admin_listen, run).await
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let posts = settings.store.reader().await.context("opening the store")?;
    let mut caches: Vec<Arc<dyn Cache>> = vec![Arc::new(MemoryCache::new(settings.cache_bytes))];
    if let Some(uri) = &settings.redis.uri {
        caches.push(Arc::new(RedisCache::connect(uri)?));
    }
    let tally = settings.redis.tally()?;
    let counts = settings.store.counts().await.context("opening the store")?;
    let comments = settings.store.comments().await.context("opening the store")?;
    let backends = Backends { posts, caches, tally, counts, comments };
    let app = Application::bind(&settings, backends)?;
    tracing::info!("listening on http://{}, admin on {}", app.addr(), app.admin_addr());
    app.run(shutdown::asked()).await.context("serving")
}
