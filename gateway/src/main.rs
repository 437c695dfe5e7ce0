//! Starts the gateway: settings, listeners, then serve until told to stop.

use anyhow::Context;
use gateway::{Application, Settings};
use service_kit::{EX_USAGE, ProcessEnv, healthcheck, shutdown, telemetry};
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
    let done = match std::env::args().nth(1).as_deref() {
        None => run(settings).await,
        // The settings were read, so they can be used.
        Some("check") => Ok(()),
        Some("healthcheck") => {
            healthcheck(settings.admin_listen, "/livez").await.map_err(Into::into)
        }
        Some(other) => {
            tracing::error!("`{other}` is no command: there is `check`, `healthcheck`, or none");
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
    let app = Application::bind(&settings)?;
    tracing::info!("listening on http://{}, admin on {}", app.addr(), app.admin_addr());
    app.run(shutdown::asked()).await.context("serving")
}
