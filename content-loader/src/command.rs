//! The command line, and what each command does.

use clap::Parser;
use content_loader::{BlogStatic, LoadError, Options, Report, Settings, load, rollback, watch};
use domain::PostWriter;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use std::io;
use std::os::fd::AsFd;
use store::BackupError;
use tokio::fs::File;
use tokio::io::BufReader;

/// How much of a backup is read at a time.
const BUFFER_BYTES: usize = 256 * 1024;

/// Registers in the database the release that blog-static serves.
///
/// Exit status: 0 done or nothing to do, 64 bad settings, 65 a release or backup that is not what
/// it should be, 69 a neighbour never came, 74 no room left or a backup that cannot be written or
/// read, 75 somebody else is loading, 77 the database refuses the user, the password or the rights.
#[derive(Debug, Parser)]
#[command(version)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Arguments {
    /// Say what would change and write nothing.
    #[arg(long, group = "command")]
    dry_run: bool,
    /// Take a release with less than half of the posts that are shown now.
    #[arg(long)]
    allow_shrink: bool,
    /// Show readers the release before the current one, or the one whose id begins so.
    #[arg(long, value_name = "RELEASE", group = "command")]
    #[expect(clippy::option_option, reason = "clap's way to say a flag with an optional value")]
    rollback: Option<Option<String>>,
    /// List the releases that can be shown.
    #[arg(long, group = "command")]
    releases: bool,
    /// Stay, and register each release that blog-static comes to serve, until told to stop (exit
    /// status 0). For a preview; with --allow-shrink, any number of posts may be deleted.
    #[arg(long, group = "command")]
    pub(crate) watch: bool,
    /// Write everything in the database to standard output, also what this program does not know.
    /// Lines of text: a header, one document each, and a last line that counts and hashes them.
    #[arg(long, group = "command")]
    backup: bool,
    /// Read a backup from standard input into the database, which must hold nothing. Nothing
    /// changes before all of it was found whole. Run it while no other loader runs.
    #[arg(long, group = "command")]
    restore: bool,
    /// With --restore: throw away everything that is in the database.
    #[arg(long, requires = "restore")]
    replace: bool,
    /// Check a backup on standard input and say what it holds. No database is asked.
    #[arg(long, group = "command")]
    verify_backup: bool,
}

/// What was done, for the last line.
pub(crate) enum Done {
    /// A run of the loader.
    Loaded(Report),
    /// Lines that were asked for.
    Text(String),
    /// Standard output holds what was asked for already.
    Logged(String),
}

impl Arguments {
    /// Whether standard output or input is a backup, so that logs go to standard error.
    pub(crate) fn is_about_backups(&self) -> bool {
        self.backup || self.restore || self.verify_backup
    }

    /// Whether no setting is needed.
    pub(crate) fn needs_nothing(&self) -> bool {
        self.verify_backup
    }
}

/// Does what needs no database.
pub(crate) async fn verify() -> Result<Done, LoadError> {
    let summary = store::verify_backup(stdin()?).await?;
    Ok(Done::Text(format!("the backup is whole: {summary}")))
}

/// Does what `arguments` ask for.
pub(crate) async fn run(arguments: &Arguments, settings: &Settings) -> Result<Done, LoadError> {
    if arguments.backup {
        let out = handle(&std::io::stdout()).map_err(BackupError::Write)?;
        let summary = settings.store.backup(out, Timestamp::now()).await?;
        return Ok(Done::Logged(format!("backed up {summary}")));
    }
    if arguments.restore {
        let summary = settings.store.restore(stdin()?, arguments.replace).await?;
        return Ok(Done::Text(format!("restored {summary}")));
    }
    let posts = settings.store.writer().await?;
    if arguments.releases {
        return releases(&*posts).await.map(Done::Text);
    }
    if let Some(wanted) = &arguments.rollback {
        return rollback(&*posts, wanted.as_deref(), settings.lease).await.map(Done::Loaded);
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
    if arguments.watch {
        match watch(&source, &*posts, &options, &crate::tell).await {}
    }
    // Drawn on a terminal only.
    let bar = ProgressBar::no_length().with_style(ProgressStyle::default_bar());
    let report = load(&source, &*posts, &options, &|read, all| {
        bar.set_length(all);
        bar.set_position(read);
    })
    .await?;
    bar.finish_and_clear();
    Ok(Done::Loaded(report))
}

/// Standard input, as a file.
fn stdin() -> Result<BufReader<File>, BackupError> {
    Ok(BufReader::with_capacity(
        BUFFER_BYTES,
        handle(&std::io::stdin()).map_err(BackupError::Read)?,
    ))
}

/// Standard input or output without the buffer and the lock that `std` puts around it.
fn handle(stream: &impl AsFd) -> io::Result<File> {
    Ok(File::from_std(stream.as_fd().try_clone_to_owned()?.into()))
}

async fn releases(posts: &dyn PostWriter) -> Result<String, LoadError> {
    let current = posts.current().await?.map(|current| current.seq);
    let line = |release: &domain::CurrentRelease| {
        let mark = if Some(release.seq) == current { "*" } else { " " };
        format!("{mark} {} {} {} posts {}", release.seq, release.id, release.posts, release.at)
    };
    let lines: Vec<String> = posts.releases().await?.iter().map(line).collect();
    Ok(lines.join("\n"))
}
