//! `inkstack build`: posts to a release.

use crate::report;
use jiff::Timestamp;
use release::Compression;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// What `inkstack build` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder with the posts.
    content: PathBuf,
    /// Where to write the release.
    #[arg(long, default_value = "public")]
    out: PathBuf,
    /// Keep no br, zstd and gzip forms.
    #[arg(long)]
    no_compress: bool,
    /// Build without the posts that have errors instead of failing.
    #[arg(long)]
    keep_going: bool,
}

/// Builds the release. Posts with errors fail it unless `--keep-going`.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let gathered = site::regather(&arguments.content, &arguments.out, Timestamp::now())?;
    eprint!("{}", report::text(&gathered.diagnostics));
    if report::has_errors(&gathered.diagnostics) && !arguments.keep_going {
        eprintln!(
            "nothing was written: mend the errors, or build without those posts with --keep-going"
        );
        return Ok(ExitCode::FAILURE);
    }
    let compression = if arguments.no_compress { Compression::None } else { Compression::Balanced };
    let built = site::build(&arguments.content, &gathered, &arguments.out, compression)?;
    eprint!("{}", report::text(&built.diagnostics));
    for (path, at) in &gathered.scheduled {
        eprintln!("{path} falls due at {at}");
    }
    let written = &built.written;
    eprintln!(
        "{}: {} posts, {} files, {} written, {} drafts, release {}, {} ms",
        arguments.out.display(),
        written.posts,
        written.files,
        written.files_written,
        gathered.drafts,
        written.id.short(),
        started.elapsed().as_millis(),
    );
    let is_clean = arguments.keep_going || !report::has_errors(&built.diagnostics);
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
