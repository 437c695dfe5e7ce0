//! `inkstack build`: posts to a release.

use crate::publish::{Options, publish};
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
    let compression = if arguments.no_compress { Compression::None } else { Compression::Balanced };
    let options = Options { compression, keep_going: arguments.keep_going };
    let Some(published) = publish(&arguments.content, &arguments.out, options)? else {
        return Ok(ExitCode::FAILURE);
    };
    let written = &published.written;
    eprintln!(
        "{}: {} posts, {} files, {} written, {} drafts, release {}, {} ms",
        arguments.out.display(),
        written.posts,
        written.files,
        written.files_written,
        published.gathered.drafts,
        written.id.short(),
        started.elapsed().as_millis(),
    );
    let is_good = arguments.keep_going || published.is_clean;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
