//! Runs the job: settings, neighbours, load, summary, exit status.

mod command;

use crate::command::{Arguments, Done};
use clap::Parser;
use content_loader::{LoadError, Report, Settings};
use service_kit::{EX_TEMPFAIL, EX_USAGE, ProcessEnv, shutdown, telemetry};
use std::io::Write;
use std::process::ExitCode;

/// musl's own allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap's own status for bad usage is 2.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { EX_USAGE } else { 0 });
        }
    };
    if arguments.is_about_backups() {
        telemetry::init_to_stderr(&ProcessEnv);
    } else {
        telemetry::init(&ProcessEnv);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let status = runtime.block_on(run(&arguments));
    // A read of standard input cannot be called off; nobody waits for it.
    runtime.shutdown_background();
    status
}

async fn run(arguments: &Arguments) -> ExitCode {
    let job = async {
        if arguments.needs_nothing() {
            return finish(command::verify().await);
        }
        match Settings::from_vars(&ProcessEnv) {
            Ok(settings) => finish(command::run(arguments, &settings).await),
            Err(error) => {
                tracing::error!("cannot start: {error}");
                ExitCode::from(EX_USAGE)
            }
        }
    };
    tokio::select! {
        status = job => status,
        () = shutdown::asked() => {
            if arguments.watch {
                return ExitCode::SUCCESS;
            }
            tracing::warn!("stopped before the end: readers see what they saw, run again");
            ExitCode::from(EX_TEMPFAIL)
        }
    }
}

/// Writes the summary, last.
fn finish(done: Result<Done, LoadError>) -> ExitCode {
    match done {
        Ok(Done::Loaded(report)) => tell(&report),
        Ok(Done::Text(text)) => print(&text),
        Ok(Done::Logged(text)) => tracing::info!("{text}"),
        Err(error) => {
            let status = error.exit_status();
            let effect = if error.is_of_backup() { "" } else { "nothing changed for readers: " };
            tracing::error!("{effect}{:#}", anyhow::Error::new(error));
            return ExitCode::from(status);
        }
    }
    ExitCode::SUCCESS
}

/// Says what a run did: as text, or as a line of the log with its figures if logs are JSON.
fn tell(report: &Report) {
    if telemetry::is_json(&ProcessEnv) {
        report.log();
    } else {
        print(&report.to_string());
    }
}

fn print(text: &str) {
    // Nobody reads it if the pipe is closed.
    let _ = writeln!(std::io::stdout(), "{text}");
}
