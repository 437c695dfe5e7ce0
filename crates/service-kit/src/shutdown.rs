//! Being asked to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Completes when the process is asked to stop: SIGTERM from an orchestrator, SIGINT from a
/// terminal. If the system refuses to tell of signals, that is logged and nothing completes.
pub async fn asked() {
    let heard = async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            done = tokio::signal::ctrl_c() => done,
        }
    };
    if let Err(error) = heard.await {
        tracing::error!("cannot hear signals: {error}");
        std::future::pending::<()>().await;
    }
}
