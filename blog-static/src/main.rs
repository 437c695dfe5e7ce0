//! Starts blog-static: settings, listeners, release, then serve until told to stop.

use anyhow::Context;
use blog_static::{Application, Settings, Shelf};
use service_kit::{program, shutdown};
use std::process::ExitCode;

/// musl's own allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    program::run(Settings::from_vars, |settings| settings.admin_listen, run).await
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
