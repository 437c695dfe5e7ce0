//! Starts the door: settings, listeners, then pass connections on until told to stop.

use anyhow::Context;
use door::{Application, Settings};
use service_kit::{program, shutdown};
use std::process::ExitCode;

/// musl's own allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    program::run(Settings::from_vars, |settings| settings.admin_listen, run).await
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let app = Application::bind(&settings)?;
    tracing::info!("listening on {:?}, admin on {}", app.addrs(), app.admin_addr());
    app.run(shutdown::asked()).await.context("serving")
}
