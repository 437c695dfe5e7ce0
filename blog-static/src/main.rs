//! Starts blog-static: settings, release, listener, then serve until told to stop.

use anyhow::Context;
use blog_static::{Application, Settings};
use release::Release;
use service_kit::{EX_USAGE, ProcessEnv, shutdown, telemetry};
use std::process::ExitCode;

/// musl's own allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    telemetry::init(&ProcessEnv);
    let settings = match Settings::from_vars(&ProcessEnv) {
        Ok(settings) => settings,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::from(EX_USAGE);
        }
    };
    match run(settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("stopped: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let release = Release::open(&settings.release).context("reading BLOG_STATIC_RELEASE")?;
    let (id, posts) = (release.index().id.short(), release.index().posts.count);
    let app = Application::bind(settings.listen, release)
        .with_context(|| format!("binding BLOG_STATIC_LISTEN to {}", settings.listen))?;
    tracing::info!("serving release {id} with {posts} posts on http://{}", app.addr());
    app.run(shutdown::asked()).await.context("serving")
}
