//! `inkstack check`: every problem of a folder's posts, in one run.

use crate::report;
use jiff::Timestamp;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `inkstack check` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder with the posts.
    content: PathBuf,
    /// How to write the problems.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How to write problems.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// `file:line:col: severity[code]: message`, for people and editors.
    Text,
    /// A JSON array.
    Json,
    /// SARIF 2.1.0, for code review tools.
    Sarif,
}

/// Checks the folder. Errors fail it, warnings do not.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let gathered = site::gather(&arguments.content, Timestamp::now())?;
    let found = &gathered.diagnostics;
    let text = match arguments.format {
        Format::Text => report::text(found),
        Format::Json => format!("{:#}\n", serde_json::to_value(found)?),
        Format::Sarif => format!("{:#}\n", report::sarif(found)),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    eprintln!("{} posts, {} problems", gathered.posts.len(), found.len());
    Ok(if report::has_errors(found) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
