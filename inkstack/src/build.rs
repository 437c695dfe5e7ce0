//! `inkstack build`: posts to a release.

use crate::publish::{Options, publish};
use crate::watch::Watched;
use anyhow::Context;
use release::{Compression, Release};
use service_kit::shutdown;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// What `inkstack build` takes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// The folder with the posts.
    content: PathBuf,
    /// Where to write the release. The one that is there already is the release before: its
    /// assets (style, scripts, pictures) stay, for pages that readers still have open.
    #[arg(long, default_value = "public")]
    out: PathBuf,
    /// Carry the assets of the release in this folder too: of the one that readers see now, where
    /// it is not built in the same folder. A folder that is missing or empty adds nothing.
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
    /// Keep no br, zstd and gzip forms.
    #[arg(long)]
    no_compress: bool,
    /// Build without the posts that have errors instead of failing.
    #[arg(long)]
    keep_going: bool,
    /// Stay, and build again whenever a file changes, until told to stop. A build that fails is
    /// reported, and the last good release stays.
    #[arg(long)]
    watch: bool,
}

/// Builds the release. Posts with errors fail it unless `--keep-going`.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let previous = match &arguments.previous {
        Some(folder) => previous(folder).context("--previous")?,
        None => None,
    };
    if !arguments.watch {
        let is_good = build(arguments, previous.as_ref())?;
        return Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(watch(arguments, previous))?;
    Ok(ExitCode::SUCCESS)
}

/// The release in `folder`, if there is anything.
fn previous(folder: &Path) -> anyhow::Result<Option<Release>> {
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    };
    if is_empty {
        return Ok(None);
    }
    Ok(Some(Release::open(folder)?))
}

/// Builds once. Returns whether all is well with the posts.
fn build(arguments: &Arguments, previous: Option<&Release>) -> anyhow::Result<bool> {
    let started = Instant::now();
    let compression = if arguments.no_compress { Compression::None } else { Compression::Balanced };
    let options = Options { compression, keep_going: arguments.keep_going };
    let Some(published) = publish(&arguments.content, &arguments.out, options, previous)? else {
        return Ok(false);
    };
    let written = &published.written;
    let carried = match previous {
        Some(previous) => release::carry(&arguments.out, previous).context("--previous")? as u64,
        None => written.carried,
    };
    eprintln!(
        "{}: {} posts, {} files, {} written, {carried} of earlier releases, {} drafts, \
         release {}, {} ms",
        arguments.out.display(),
        written.posts,
        written.files,
        written.files_written,
        published.gathered.drafts,
        written.id.short(),
        started.elapsed().as_millis(),
    );
    Ok(arguments.keep_going || published.is_clean)
}

/// Builds now and whenever the posts change, until the process is asked to stop.
async fn watch(arguments: &Arguments, mut previous: Option<Release>) -> anyhow::Result<()> {
    fs::create_dir_all(&arguments.out)
        .with_context(|| format!("creating {}", arguments.out.display()))?;
    let content = arguments.content.canonicalize();
    let content =
        content.with_context(|| format!("{}: no such folder", arguments.content.display()))?;
    let mut watched = Watched::without(&content, &arguments.out);
    let stop = shutdown::asked();
    tokio::pin!(stop);
    loop {
        let (this, before) = (arguments.clone(), previous.clone());
        let built = tokio::task::spawn_blocking(move || build(&this, before.as_ref())).await?;
        match built {
            // From now on the folder itself holds the release before.
            Ok(true) => previous = None,
            Ok(false) => {}
            Err(error) => eprintln!("{error:#}: the last good release stays"),
        }
        tokio::select! {
            () = &mut stop => return Ok(()),
            () = watched.changed() => {}
        }
    }
}
