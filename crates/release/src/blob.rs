//! Blobs: files named by the hash of their content.

use crate::{Encoding, ReleaseError};
use domain::ContentHash;
use std::fs;
use std::path::{Path, PathBuf};

/// The BLAKE3 hash of `bytes`.
#[must_use]
pub fn content_hash(bytes: &[u8]) -> ContentHash {
    ContentHash::new(*blake3::hash(bytes).as_bytes())
}

/// The folder that holds a release's blobs.
pub(crate) fn folder(release: &Path) -> PathBuf {
    release.join("blobs")
}

/// A blob's file name: its hash, with a suffix if it is compressed.
pub(crate) fn file_name(blob: &ContentHash, encoding: Option<Encoding>) -> String {
    match encoding {
        None => blob.to_string(),
        Some(encoding) => format!("{blob}.{}", encoding.suffix()),
    }
}

/// Writes `bytes` to `path` so that a reader finds the old file or the new one, never a part.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ReleaseError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    fs::write(&partial, bytes).map_err(ReleaseError::write(&partial))?;
    fs::rename(&partial, path).map_err(ReleaseError::write(path))
}
