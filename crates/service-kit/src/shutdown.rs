//! Being asked to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Completes when the process is asked to stop: SIGTERM from an orchestrator, SIGINT from a
/// terminal.
///
/// # Errors
///
/// If the system refuses to tell of signals.
pub async fn asked() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        done = tokio::signal::ctrl_c() => done,
    }
}
