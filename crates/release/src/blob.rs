//! Blobs: files named by the hash of their content.

use crate::{Encoding, ReleaseError};
use domain::ContentHash;
use std::fs::{self, File};
use std::io::{self, BufWriter};
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

/// The inverse of [`file_name`].
pub(crate) fn parse_name(name: &str) -> Option<(ContentHash, Option<Encoding>)> {
    let Some((blob, suffix)) = name.split_once('.') else {
        return Some((name.parse().ok()?, None));
    };
    let encoding = Encoding::ALL.into_iter().find(|encoding| encoding.suffix() == suffix)?;
    Some((blob.parse().ok()?, Some(encoding)))
}

/// Writes `bytes` to `path` so that a reader finds the old file or the new one, never a part.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ReleaseError> {
    let partial = partial(path);
    fs::write(&partial, bytes).map_err(ReleaseError::write(&partial))?;
    fs::rename(&partial, path).map_err(ReleaseError::write(path))
}

/// Writes what `content` gives to `path` like [`write_whole`], and so that this holds after a
/// power failure too: the bytes are on the disk before the name is.
pub(crate) fn write_lasting(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), ReleaseError> {
    let partial = partial(path);
    let write = || {
        let mut file = BufWriter::new(File::create(&partial)?);
        content(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    };
    write().map_err(ReleaseError::write(&partial))?;
    fs::rename(&partial, path).map_err(ReleaseError::write(path))
}

/// Makes the names in `folder` last. Systems on which a folder is no file have no need of it.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), ReleaseError> {
    if cfg!(unix) {
        let sync = File::open(folder).and_then(|folder| folder.sync_all());
        sync.map_err(ReleaseError::write(folder))?;
    }
    Ok(())
}

/// Removes the file at `path`. That it is gone already is no error.
pub(crate) fn remove(path: &Path) -> Result<(), ReleaseError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ReleaseError::write(path)(error))
        }
        _ => Ok(()),
    }
}

fn partial(path: &Path) -> PathBuf {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    PathBuf::from(partial)
}
