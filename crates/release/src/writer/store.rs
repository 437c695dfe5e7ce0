//! The blobs in a release's folder: which of them need no work, and writing the others.

use crate::{Compression, Encoding, File, Release, ReleaseError, blob};
use domain::ContentHash;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// How much may wait to be written: enough to keep every core busy, little beside the pages of a
/// large blog.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// The sizes of a blob's encodings.
type Sizes = BTreeMap<Encoding, u64>;
/// One file in the folder.
type Name = (ContentHash, Option<Encoding>);

/// The blobs of one folder.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    compression: Compression,
    present: HashSet<Name>,
    /// Names that no blob has: what an interrupted build left.
    strangers: Vec<OsString>,
    /// Plain blobs that are written, with their sizes.
    plain: HashMap<ContentHash, u64>,
    /// Blobs whose encodings were decided on and are written.
    encoded: HashMap<ContentHash, Sizes>,
    /// With whether encodings are to be tried.
    waiting: HashMap<ContentHash, (bool, Vec<u8>)>,
    waiting_bytes: usize,
    files_written: u64,
    failed: Option<ReleaseError>,
}

impl Store {
    /// Lists `folder`. A blob is believed only if the release `previous` names it.
    pub(super) fn open(
        folder: PathBuf,
        compression: Compression,
        previous: Option<&Release>,
    ) -> Result<Self, ReleaseError> {
        let (present, strangers) = list(&folder)?;
        let (mut plain, mut encoded) = (HashMap::new(), HashMap::new());
        let files = previous
            .into_iter()
            .flat_map(|previous| previous.index().files().chain(previous.carried().files()));
        for file in files {
            if present.contains(&(file.blob, None)) {
                plain.insert(file.blob, file.bytes);
            }
            // No encodings: it was built without, or none was worth keeping. Only trying tells.
            if !file.encodings.is_empty() && names(file).all(|name| present.contains(&name)) {
                encoded.insert(file.blob, file.encodings.clone());
            }
        }
        Ok(Self {
            folder,
            compression,
            present,
            strangers,
            plain,
            encoded,
            waiting: HashMap::new(),
            waiting_bytes: 0,
            files_written: 0,
            failed: None,
        })
    }

    /// The size of a blob that is there in all forms that this type wants.
    pub(super) fn size_of(&self, blob: &ContentHash, content_type: &str) -> Option<u64> {
        let bytes = *self.plain.get(blob)?;
        let is_whole =
            !self.compression.tries(content_type, bytes) || self.encoded.contains_key(blob);
        is_whole.then_some(bytes)
    }

    /// Writes `bytes` unless they are there; it may wait for others.
    pub(super) fn put(&mut self, blob: ContentHash, content_type: &str, bytes: Vec<u8>) {
        if self.size_of(&blob, content_type).is_some() {
            return;
        }
        let is_tried = self.compression.tries(content_type, bytes.len() as u64);
        self.waiting_bytes += bytes.len();
        // One blob may be wanted as text and as something else; it is still written once.
        self.waiting.entry(blob).or_insert((false, bytes)).0 |= is_tried;
        if self.waiting_bytes >= BATCH_BYTES {
            self.flush();
        }
    }

    /// Writes what waits. Returns how many files were written in all.
    pub(super) fn finish(&mut self) -> Result<u64, ReleaseError> {
        self.flush();
        self.failed.take().map_or(Ok(self.files_written), Err)
    }

    /// The encodings that `file` is served in.
    pub(super) fn encodings(&self, file: &File) -> Sizes {
        if self.compression.tries(&file.content_type, file.bytes) {
            self.encoded.get(&file.blob).cloned().unwrap_or_default()
        } else {
            Sizes::new()
        }
    }

    fn flush(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        if self.failed.is_some() {
            return;
        }
        let stored: Result<Vec<_>, ReleaseError> = waiting
            .into_par_iter()
            .map(|(blob, (is_tried, bytes))| {
                Ok((blob, bytes.len() as u64, self.store(blob, is_tried, &bytes)?))
            })
            .collect();
        match stored {
            Ok(stored) => stored.into_iter().for_each(|(blob, bytes, encodings)| {
                self.files_written += u64::from(self.plain.insert(blob, bytes).is_none());
                if let Some(encodings) = encodings {
                    self.files_written += encodings.len() as u64;
                    self.encoded.insert(blob, encodings);
                }
            }),
            Err(error) => self.failed = Some(error),
        }
    }

    /// Writes one blob if it is not there and, if `is_tried`, the encodings worth keeping.
    fn store(
        &self,
        blob: ContentHash,
        is_tried: bool,
        bytes: &[u8],
    ) -> Result<Option<Sizes>, ReleaseError> {
        let path = |encoding| self.folder.join(blob::file_name(&blob, encoding));
        if !self.plain.contains_key(&blob) {
            blob::write_whole(&path(None), bytes)?;
        }
        if !is_tried {
            return Ok(None);
        }
        let mut sizes = Sizes::new();
        for (encoding, bytes) in
            self.compression.encode(bytes).map_err(ReleaseError::write(&path(None)))?
        {
            blob::write_whole(&path(Some(encoding)), &bytes)?;
            sizes.insert(encoding, bytes.len() as u64);
        }
        Ok(Some(sizes))
    }

    /// Removes what was there before and is not among `files`. What is gone already is no error.
    pub(super) fn remove_all_but<'a>(
        &self,
        files: impl Iterator<Item = &'a File>,
    ) -> Result<(), ReleaseError> {
        let named: HashSet<Name> = files.flat_map(names).collect();
        let unnamed = self.present.iter().filter(|name| !named.contains(*name));
        for (blob, encoding) in unnamed {
            blob::remove(&self.folder.join(blob::file_name(blob, *encoding)))?;
        }
        self.strangers.iter().try_for_each(|name| blob::remove(&self.folder.join(name)))
    }
}

/// The names in the blobs' folder: of blobs, and all others.
fn list(folder: &Path) -> Result<(HashSet<Name>, Vec<OsString>), ReleaseError> {
    let (mut names, mut strangers) = (HashSet::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(ReleaseError::read(folder))? {
        let name = entry.map_err(ReleaseError::read(folder))?.file_name();
        match name.to_str().and_then(blob::parse_name) {
            Some(blob) => {
                names.insert(blob);
            }
            None => strangers.push(name),
        }
    }
    Ok((names, strangers))
}

/// The files that hold `file`.
fn names(file: &File) -> impl Iterator<Item = Name> + '_ {
    let encodings = file.encodings.keys().map(|encoding| Some(*encoding));
    std::iter::once(None).chain(encodings).map(|encoding| (file.blob, encoding))
}
