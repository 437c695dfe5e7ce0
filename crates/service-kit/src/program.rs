//! What every service's `main` does around serving.

use crate::{EX_USAGE, ProcessEnv, SettingError, healthcheck, telemetry};
use std::fmt::Display;
use std::net::SocketAddr;
use std::process::ExitCode;

/// Runs a service: starts logging, reads its settings, and does what the first argument says.
///
/// No argument: `serve`. `check`: nothing more, since the settings can be used. `healthcheck`: asks
/// the service that runs already whether it has been ready since it started, at the address that
/// `admin` finds in the settings. Settings that cannot be used and unknown commands exit with [`EX_USAGE`].
pub async fn run<S, E: Display>(
    read: impl FnOnce(&ProcessEnv) -> Result<S, SettingError>,
    admin: impl FnOnce(&S) -> SocketAddr,
    serve: impl AsyncFnOnce(S) -> Result<(), E>,
) -> ExitCode {
    telemetry::init(&ProcessEnv);
    let settings = match read(&ProcessEnv) {
        Ok(settings) => settings,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::from(EX_USAGE);
        }
    };
    let failed = match std::env::args().nth(1).as_deref() {
        None => serve(settings).await.err().map(|error| format!("{error:#}")),
        Some("check") => None,
        Some("healthcheck") => {
            let asked = healthcheck(admin(&settings), "/healthz").await;
            asked.err().map(|error| error.to_string())
        }
        Some(other) => {
            tracing::error!("`{other}` is no command: there is `check`, `healthcheck`, or none");
            return ExitCode::from(EX_USAGE);
        }
    };
    match failed {
        None => ExitCode::SUCCESS,
        Some(why) => {
            tracing::error!("stopped: {why}");
            ExitCode::FAILURE
        }
    }
}
