//! Starts the gateway: settings, listeners, then serve until told to stop.

use anyhow::Context;
use gateway::{Application, Settings};
use service_kit::{program, shutdown};
use std::process::ExitCode;

/// musl's own allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let verify = |settings: &Settings| Ok(Application::verify(settings)?);
    program::run_verified(Settings::from_vars, verify, |settings| settings.admin_listen, run).await
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let app = Application::bind(&settings)?;
    tracing::info!("listening on http://{}, admin on {}", app.addr(), app.admin_addr());
    if let Some(addr) = app.tls_addr() {
        tracing::info!("listening on https://{addr}");
    }
    app.run(shutdown::asked()).await.context("serving")
}
