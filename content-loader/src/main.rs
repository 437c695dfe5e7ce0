//! Runs the job once: settings, neighbours, load, summary, exit status.

use clap::Parser;
use content_loader::{BlogStatic, LoadError, Options, Report, Settings, load, rollback};
use indicatif::{ProgressBar, ProgressStyle};
use service_kit::{EX_TEMPFAIL, EX_USAGE, ProcessEnv, shutdown, telemetry};
use std::io::Write;
use std::process::ExitCode;

/// musl's own allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Registers in the database the release that blog-static serves.
///
/// Exit status: 0 done or nothing to do, 64 bad settings, 65 bad release, 69 a neighbour never
/// came, 75 somebody else is loading.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Say what would change and write nothing.
    #[arg(long, conflicts_with_all = ["rollback", "releases"])]
    dry_run: bool,
    /// Take a release with less than half of the posts that are shown now.
    #[arg(long)]
    allow_shrink: bool,
    /// Show readers the release before the current one, or the one whose id begins so.
    #[arg(long, value_name = "RELEASE", conflicts_with = "releases")]
    #[expect(clippy::option_option, reason = "clap's way to say a flag with an optional value")]
    rollback: Option<Option<String>>,
    /// List the releases that can be shown.
    #[arg(long)]
    releases: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap's own status for bad usage is 2.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { EX_USAGE } else { 0 });
        }
    };
    telemetry::init(&ProcessEnv);
    let settings = match Settings::from_vars(&ProcessEnv) {
        Ok(settings) => settings,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::from(EX_USAGE);
        }
    };
    tokio::select! {
        done = run(&arguments, &settings) => finish(done),
        () = shutdown::asked() => {
            tracing::warn!("stopped before the end: readers see what they saw, run again");
            ExitCode::from(EX_TEMPFAIL)
        }
    }
}

async fn run(arguments: &Arguments, settings: &Settings) -> Result<String, LoadError> {
    let posts = settings.store.writer().await?;
    if arguments.releases {
        let current = posts.current().await?.map(|current| current.seq);
        let line = |release: &domain::CurrentRelease| {
            let mark = if Some(release.seq) == current { "*" } else { " " };
            format!("{mark} {} {} {} posts {}", release.seq, release.id, release.posts, release.at)
        };
        let lines: Vec<String> = posts.releases().await?.iter().map(line).collect();
        return Ok(lines.join("\n"));
    }
    if let Some(wanted) = &arguments.rollback {
        let done = rollback(&*posts, wanted.as_deref(), settings.lease).await?;
        return Ok(done.to_string());
    }
    let source = BlogStatic::new(&settings.blog_static)?;
    let options = Options {
        expected: settings.expected,
        deadline: settings.deadline,
        lease: settings.lease,
        keep: settings.keep,
        is_dry_run: arguments.dry_run,
        allow_shrink: arguments.allow_shrink,
    };
    // Drawn on a terminal only.
    let bar = ProgressBar::no_length().with_style(ProgressStyle::default_bar());
    let report: Report = load(&source, &*posts, &options, &|read, all| {
        bar.set_length(all);
        bar.set_position(read);
    })
    .await?;
    bar.finish_and_clear();
    Ok(report.to_string())
}

/// Writes the summary, last.
fn finish(done: Result<String, LoadError>) -> ExitCode {
    match done {
        Ok(summary) => {
            // Nobody reads it if the pipe is closed.
            let _ = writeln!(std::io::stdout(), "{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let status = error.exit_status();
            let error = anyhow::Error::new(error);
            tracing::error!("nothing changed for readers: {error:#}");
            ExitCode::from(status)
        }
    }
}
