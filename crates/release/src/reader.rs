//! Reading a release from its folder.

use crate::{Carried, Encoding, FORMAT, Index, ReleaseError, blob};
use domain::ContentHash;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::{Path, PathBuf};

/// A release in a folder. Only the index, and what is carried, are in memory.
#[derive(Debug, Clone)]
pub struct Release {
    folder: PathBuf,
    index: Index,
    carried: Carried,
}

impl Release {
    /// Opens the release in `folder`.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`] if there is none, or it is damaged or of another format; each names the
    /// file, and the remedy is to build the release again.
    pub fn open(folder: &Path) -> Result<Self, ReleaseError> {
        let path = folder.join("index.json");
        let text = fs::read(&path).map_err(ReleaseError::read(&path))?;
        let index = parsed(&path, &text)?;
        // After the index: a build writes it before, so that it is never older than the index.
        let carried = Carried::read(folder)?;
        Ok(Self { folder: folder.to_owned(), index, carried })
    }

    /// What every URL answers.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Assets that only earlier releases name. They are answered too.
    #[must_use]
    pub fn carried(&self) -> &Carried {
        &self.carried
    }

    /// The file that holds `blob`, plain or in one of its encodings.
    #[must_use]
    pub fn blob_path(&self, blob: &ContentHash, encoding: Option<Encoding>) -> PathBuf {
        blob::folder(&self.folder).join(blob::file_name(blob, encoding))
    }

    /// `posts.ndjson`.
    #[must_use]
    pub fn posts_path(&self) -> PathBuf {
        self.folder.join("posts.ndjson")
    }
}

/// The format is read before the rest, so that another version's file is called that and not
/// damaged.
pub(crate) fn parsed<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<T, ReleaseError> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        format: u32,
    }
    let damaged = |source| ReleaseError::Damaged { path: path.to_owned(), source };
    let Versioned { format } = serde_json::from_slice(text).map_err(damaged)?;
    if format != FORMAT {
        return Err(ReleaseError::Format { path: path.to_owned(), found: format });
    }
    serde_json::from_slice(text).map_err(damaged)
}
