//! What every service's `main` does around serving.

use crate::{EX_USAGE, ProcessEnv, SettingError, healthcheck, telemetry};
use std::fmt::Display;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

/// A question that one service answers beside those that all do: it looks, prints and exits.
#[derive(Debug)]
pub struct Question<S, E> {
    /// The first argument.
    pub name: &'static str,
    /// What to print on standard output, as one line. Logs go to standard error meanwhile, so that
    /// a script gets the answer and nothing else.
    pub answer: fn(&S) -> Result<String, E>,
}

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
    run_all(&[], read, |_| Ok(()), admin, serve).await
}

/// As [`run`], for a service whose settings name files: `verify` looks at them before `serve` and
/// for `check`. `healthcheck` does without: a file that has gone bad must not end a service that
/// still has a good one.
pub async fn run_verified<S, E: Display>(
    read: impl FnOnce(&ProcessEnv) -> Result<S, SettingError>,
    verify: impl FnOnce(&S) -> Result<(), E>,
    admin: impl FnOnce(&S) -> SocketAddr,
    serve: impl AsyncFnOnce(S) -> Result<(), E>,
) -> ExitCode {
    run_all(&[], read, verify, admin, serve).await
}

/// As [`run`], for a service that answers `questions` too.
pub async fn run_with<S, E: Display>(
    questions: &[Question<S, E>],
    read: impl FnOnce(&ProcessEnv) -> Result<S, SettingError>,
    admin: impl FnOnce(&S) -> SocketAddr,
    serve: impl AsyncFnOnce(S) -> Result<(), E>,
) -> ExitCode {
    run_all(questions, read, |_| Ok(()), admin, serve).await
}

async fn run_all<S, E: Display>(
    questions: &[Question<S, E>],
    read: impl FnOnce(&ProcessEnv) -> Result<S, SettingError>,
    verify: impl FnOnce(&S) -> Result<(), E>,
    admin: impl FnOnce(&S) -> SocketAddr,
    serve: impl AsyncFnOnce(S) -> Result<(), E>,
) -> ExitCode {
    let command = std::env::args().nth(1);
    let question = questions.iter().find(|question| Some(question.name) == command.as_deref());
    match question {
        Some(_) => telemetry::init_to_stderr(&ProcessEnv),
        None => telemetry::init(&ProcessEnv),
    }
    let settings = match read(&ProcessEnv) {
        Ok(settings) => settings,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::from(EX_USAGE);
        }
    };
    if let Some(question) = question {
        return print((question.answer)(&settings));
    }
    if matches!(command.as_deref(), None | Some("check"))
        && let Err(error) = verify(&settings)
    {
        tracing::error!("cannot start: {error:#}");
        return ExitCode::from(EX_USAGE);
    }
    let failed = match command.as_deref() {
        None => serve(settings).await.err().map(|error| format!("{error:#}")),
        Some("check") => None,
        Some("healthcheck") => {
            let asked = healthcheck(admin(&settings), "/healthz").await;
            asked.err().map(|error| error.to_string())
        }
        Some(other) => {
            let own = questions.iter().map(|question| format!("`{}`, ", question.name));
            let own = own.collect::<Vec<_>>().concat();
            tracing::error!(
                "`{other}` is no command: there is {own}`check`, `healthcheck`, or none"
            );
            return ExitCode::from(EX_USAGE);
        }
    };
    telemetry::flush();
    match failed {
        None => ExitCode::SUCCESS,
        Some(why) => {
            tracing::error!("stopped: {why}");
            ExitCode::FAILURE
        }
    }
}

fn print<E: Display>(answer: Result<String, E>) -> ExitCode {
    match answer {
        Ok(answer) if writeln!(std::io::stdout(), "{answer}").is_ok() => ExitCode::SUCCESS,
        // Nobody reads any more.
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
