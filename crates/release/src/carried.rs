//! Assets of earlier releases that a release still answers, so that a page which was served never
//! names a file that is gone.
//!
//! They lie in `carried.json`, apart from the index: the same input gives the same index and the
//! same id, whatever was built before.

use crate::reader::parsed;
use crate::{CachePolicy, Encoding, Entry, FORMAT, File, Index, Release, ReleaseError, blob};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::fs;
use std::path::Path;

/// For how many releases an asset stays after the last one that names it. As many as can be gone
/// back to (`CONTENT_LOADER_KEEP`): a reader's page is then never older than what may be served.
pub const GENERATIONS: u32 = 5;

/// The assets of earlier releases, by their URL path. None of them is in the release's own index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    format: u32,
    entries: BTreeMap<String, CarriedFile>,
}

/// An asset of an earlier release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedFile {
    /// How many releases ago it was in an index: 1 is the release before.
    pub generation: u32,
    /// What it is.
    pub file: File,
}

impl Default for Carried {
    fn default() -> Self {
        Self { format: FORMAT, entries: BTreeMap::new() }
    }
}

impl Carried {
    /// What was at `route` in an earlier release.
    #[must_use]
    pub fn get(&self, route: &str) -> Option<&CarriedFile> {
        self.entries.get(route)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The files, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.entries.values().map(|carried| &carried.file)
    }

    /// Reads what the release in `folder` carries; nothing, if there is no such file.
    pub(crate) fn read(folder: &Path) -> Result<Self, ReleaseError> {
        let path = folder.join("carried.json");
        match fs::read(&path) {
            Ok(text) => parsed(&path, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ReleaseError::read(&path)(error)),
        }
    }

    /// Writes it beside the index of the release in `folder`. Nothing to carry is no file.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), ReleaseError> {
        let path = folder.join("carried.json");
        if self.is_empty() {
            return blob::remove(&path);
        }
        let text = serde_json::to_vec(self).map_err(ReleaseError::Encode)?;
        blob::write_lasting(&path, |file| std::io::Write::write_all(file, &text))?;
        blob::sync_folder(folder)
    }

    /// Takes over what `previous` has and `index` has not: its own assets as one release old, and
    /// what it carried as one older than it was. If both are the same release, nothing ages.
    pub(crate) fn inherit(&mut self, index: &Index, previous: &Release) {
        let age = u32::from(index.id != previous.index().id);
        let own = previous.index().entries.iter().filter_map(|(route, entry)| match entry {
            Entry::File(file) if file.cache == CachePolicy::Immutable => Some((route, file, age)),
            _ => None,
        });
        let carried = previous.carried().entries.iter();
        let carried =
            carried.map(|(route, carried)| (route, &carried.file, carried.generation + age));
        for (route, file, generation) in own.chain(carried) {
            if generation > GENERATIONS || index.entries.contains_key(route) {
                continue;
            }
            match self.entries.entry(route.clone()) {
                Slot::Vacant(free) => {
                    free.insert(CarriedFile { generation, file: file.clone() });
                }
                Slot::Occupied(mut taken) if taken.get().generation > generation => {
                    taken.insert(CarriedFile { generation, file: file.clone() });
                }
                Slot::Occupied(_) => {}
            }
        }
    }

    /// Forgets what does not lie in `blobs`, and forms that are not of the size they should be.
    pub(crate) fn retain_present(&mut self, blobs: &Path) {
        let is_there = |file: &File, encoding, bytes: u64| {
            let form = fs::metadata(blobs.join(blob::file_name(&file.blob, encoding)));
            form.is_ok_and(|form| form.len() == bytes)
        };
        self.entries.retain(|_, carried| is_there(&carried.file, None, carried.file.bytes));
        for CarriedFile { file, .. } in self.entries.values_mut() {
            let forms = std::mem::take(&mut file.encodings).into_iter();
            file.encodings =
                forms.filter(|(encoding, bytes)| is_there(file, Some(*encoding), *bytes)).collect();
        }
    }
}

/// Lets the release in `folder` carry the assets of `previous` that it does not have, and those
/// that `previous` carried, with all their forms. Returns how many assets it carries then. The
/// release's id stays the same.
///
/// # Errors
///
/// [`ReleaseError`] if a release cannot be read or written; [`ReleaseError::Altered`] if an asset
/// of `previous` is not what its name says.
pub fn carry(folder: &Path, previous: &Release) -> Result<usize, ReleaseError> {
    let release = Release::open(folder)?;
    let mut carried = release.carried().clone();
    carried.inherit(release.index(), previous);
    for file in carried.files() {
        let encodings = file.encodings.keys().map(|encoding| Some(*encoding));
        for encoding in std::iter::once(None).chain(encodings) {
            copy(&release, previous, file, encoding)?;
        }
    }
    carried.retain_present(&blob::folder(folder));
    if carried != *release.carried() {
        carried.write(folder)?;
    }
    Ok(carried.len())
}

/// Copies one form of a blob, unless it is there. What the release carried already is not asked of
/// `previous`.
fn copy(
    release: &Release,
    previous: &Release,
    file: &File,
    encoding: Option<Encoding>,
) -> Result<(), ReleaseError> {
    let path = release.blob_path(&file.blob, encoding);
    if path.exists() {
        return Ok(());
    }
    let from = previous.blob_path(&file.blob, encoding);
    let bytes = fs::read(&from).map_err(ReleaseError::read(&from))?;
    let is_whole = match encoding {
        None => crate::content_hash(&bytes) == file.blob,
        Some(encoding) => Some(&(bytes.len() as u64)) == file.encodings.get(&encoding),
    };
    if !is_whole {
        return Err(ReleaseError::Altered(from));
    }
    blob::write_whole(&path, &bytes)
}

#[cfg(test)]
mod tests;
