//! Why a release was not registered.

use domain::StoreError;
use release::LineError;
use service_kit::{EX_DATAERR, EX_IOERR, EX_NOPERM, EX_TEMPFAIL, EX_UNAVAILABLE};
use store::BackupError;

/// Why a release was not registered. Readers see the same release as before.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// blog-static did not come, or its replicas did not agree, before the deadline.
    #[error("blog-static is not there: {0}")]
    Source(String),
    /// What blog-static sent is not the release that it announced.
    #[error("release {id} is not whole: {what}")]
    Broken {
        /// The release, shortened.
        id: String,
        /// What is wrong with it.
        what: String,
    },
    /// A line of posts.ndjson is no post: blog-static and this job are of different versions.
    #[error("the posts of blog-static cannot be read: build both images from one version")]
    Post(#[from] LineError),
    /// Far fewer posts than are shown now.
    #[error(
        "the release has {served} posts where readers see {shown}: if that is meant, run with \
         --allow-shrink"
    )]
    Shrunk {
        /// Posts in the release.
        served: u64,
        /// Posts that readers see.
        shown: u64,
    },
    /// There is no such release to go back to.
    #[error("no release {0} is kept: --releases lists them")]
    NoRelease(String),
    /// Somebody else is loading.
    #[error("somebody else is loading; if it died, its lease ends within {0:?}")]
    Busy(std::time::Duration),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A backup cannot be made or read.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

impl LoadError {
    /// The exit status that tells scripts apart what to do next.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Source(_) => EX_UNAVAILABLE,
            Self::Busy(_) => EX_TEMPFAIL,
            Self::Store(error) | Self::Backup(BackupError::Store(error)) => status(error),
            Self::Backup(BackupError::Write(_) | BackupError::Read(_) | BackupError::File(_)) => {
                EX_IOERR
            }
            Self::Broken { .. }
            | Self::Post(_)
            | Self::Shrunk { .. }
            | Self::NoRelease(_)
            | Self::Backup(
                BackupError::Nothing(_)
                | BackupError::Truncated(_)
                | BackupError::Altered { .. }
                | BackupError::Foreign(_)
                | BackupError::NotEmpty(_)
                | BackupError::Lost { .. },
            ) => EX_DATAERR,
        }
    }

    /// Whether it is about a backup and not about what readers see.
    #[must_use]
    pub fn is_of_backup(&self) -> bool {
        matches!(self, Self::Backup(_))
    }

    /// Whether a neighbour was missing, so that trying again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Store(StoreError::Unavailable(_)))
    }

    /// Whether a neighbour refused us. It is not worth waiting for, but for a moment: a database
    /// that is being set up refuses everybody until its users are made.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Store(StoreError::Refused { .. }))
    }
}

fn status(error: &StoreError) -> u8 {
    match error {
        StoreError::Unavailable(_) => EX_UNAVAILABLE,
        StoreError::Refused { .. } => EX_NOPERM,
        StoreError::Full { .. } => EX_IOERR,
        StoreError::Corrupt { .. } => EX_DATAERR,
        StoreError::LeaseLost => EX_TEMPFAIL,
    }
}

/// An error with its causes, on one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}
