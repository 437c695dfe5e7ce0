//! Why a backup cannot be made or read.

use domain::StoreError;
use std::io;

/// Why a backup cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The backup cannot be written where it should go.
    #[error("the backup cannot be written: see whether there is room")]
    Write(#[source] io::Error),
    /// The backup cannot be read from where it comes.
    #[error("the backup cannot be read")]
    Read(#[source] io::Error),
    /// A file beside the database cannot be written or read.
    #[error("a file beside the one in SQLITE_PATH cannot be used: see rights and free space")]
    File(#[source] io::Error),
    /// The database is empty, which more often than not is another one than was meant.
    #[error("there is nothing to back up: see whether {0} names the right database")]
    Nothing(&'static str),
    /// It ends before its last line.
    #[error("the backup ends after {0} lines without its last one: it was cut off, take another")]
    Truncated(u64),
    /// It is not what was written.
    #[error("the backup is not what was written (line {line}: {what}): take another")]
    Altered {
        /// Counted from 1.
        line: u64,
        /// What is wrong there.
        what: String,
    },
    /// It is of another format or from another kind of store.
    #[error("this backup cannot be restored here: {0}")]
    Foreign(String),
    /// The database is in use.
    #[error("the database holds {0} already: --replace throws away all that is in it")]
    NotEmpty(String),
    /// The store does not hold what it was given.
    #[error("{stored} documents of `{collection}` are stored where {given} were given: run again")]
    Lost {
        /// Where.
        collection: String,
        /// How many it has.
        stored: u64,
        /// How many it should have.
        given: u64,
    },
}
