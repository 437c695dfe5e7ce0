//! Starts blog-static: settings, listeners, release, then serve until told to stop.

use anyhow::Context;
use blog_static::{Application, Settings, Shelf};
use release::Release;
use service_kit::program::{self, Question};
use service_kit::shutdown;
use std::process::ExitCode;

/// musl's own allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let questions = [Question { name: "release", answer: release }];
    program::run_with(&questions, Settings::from_vars, |settings| settings.admin_listen, run).await
}

/// `blog-static release`: the id of the release that this program would serve.
fn release(settings: &Settings) -> anyhow::Result<String> {
    Ok(Release::open(&settings.release).context("BLOG_STATIC_RELEASE")?.index().id.to_string())
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let shelf = Shelf::default();
    let app = Application::bind(&settings, shelf.clone())?;
    tracing::info!("listening on http://{}, admin on {}", app.addr(), app.admin_addr());
    tokio::select! {
        done = app.run(shutdown::asked()) => done.context("serving"),
        () = shelf.follow(settings.release) => Ok(()),
    }
}
