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
    /// `site.toml` is wrong.
    #[error("{}:{line}:{col}: {message}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        col: usize,
        /// What is wrong.
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
    #[error("{place}: {message}")]
    Theme {
        /// The file, and the line if it is known.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// A share picture cannot be drawn.
    #[error("cannot draw the picture of {0}")]
    Picture(String),
    /// The release cannot be written.
    #[error(transparent)]
    Release(#[from] ReleaseError),
}

impl SiteError {
    /// A fault that the template engine found.
    #[expect(clippy::needless_pass_by_value, reason = "`map_err` gives it away")]
    pub(crate) fn theme(error: minijinja::Error) -> Self {
        let name = error.name().unwrap_or("a template");
        let place = match error.line() {
            Some(line) => format!("theme/templates/{name}:{line}"),
            None => format!("theme/templates/{name}"),
        };
        let message = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        Self::Theme { place, message }
    }
}
