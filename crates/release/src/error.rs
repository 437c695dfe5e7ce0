//! Why a release cannot be written or read.

use std::io;
use std::path::{Path, PathBuf};

/// Why a release cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A file of the release cannot be written. Look at the folder's rights and free space.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the release cannot be read. Build the release again.
    #[error("cannot read {}: build the release again with `inkstack build`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `index.json` or `carried.json` is not what it should be.
    #[error("{} is damaged: build the release again with `inkstack build`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: serde_json::Error,
    },
    /// A blob does not hold what its name says. Build the release again.
    #[error("{} is not what its name says: build that release again with `inkstack build`", .0.display())]
    Altered(PathBuf),
    /// The release was built by another version, in a format that this one does not read.
    #[error("{} has format {found}, this program reads {}: build it again", path.display(), crate::FORMAT)]
    Format {
        /// The file.
        path: PathBuf,
        /// The format found.
        found: u32,
    },
    /// A post or the index cannot be written as JSON. This is a fault of the program.
    #[error("cannot encode the release")]
    Encode(#[source] serde_json::Error),
}

impl ReleaseError {
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }

    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }
}

/// Two things want to be at one URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is taken: two pages cannot have one address")]
pub struct RouteTaken(pub String);
