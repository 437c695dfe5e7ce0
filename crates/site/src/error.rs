//! Why a site cannot be built at all. What is wrong with single posts is a diagnostic.

use release::ReleaseError;
use std::io;
use std::path::PathBuf;

/// Why a site cannot be built at all.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The content folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `site.toml` is wrong; the text names line and column.
    #[error("{}: {message}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        message: String,
    },
    /// Nothing to publish.
    #[error(
        "no post in {}: a post is a `.md` file that begins with a fenced `yaml lw-blog-meta` block",
        .0.display()
    )]
    NoPosts(PathBuf),
    /// A file was written to while the site was built. Build again.
    #[error("{} changed during the build: build again", .0.display())]
    Changed(PathBuf),
    /// A page cannot be put together. This is a fault of the theme.
    #[error("the theme cannot show a page")]
    Theme(#[from] askama::Error),
    /// The release cannot be written.
    #[error(transparent)]
    Release(#[from] ReleaseError),
}
