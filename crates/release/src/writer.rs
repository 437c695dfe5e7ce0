//! Writing a release, and not writing again what is there already.

use crate::{
    CachePolicy, Compression, Encoding, Entry, File, Index, PostsFile, Release, ReleaseError,
    RouteTaken, blob, content_hash, write_posts,
};
use domain::{ContentHash, Post, ReleaseId};
use rayon::prelude::*;
use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Gathers the files of a release and writes it in one go.
#[derive(Debug)]
pub struct ReleaseWriter {
    folder: PathBuf,
    compression: Compression,
    previous: Option<Index>,
    files: BTreeMap<String, Draft>,
    redirects: BTreeMap<String, String>,
}

/// A file before it is written.
#[derive(Debug)]
struct Draft {
    blob: ContentHash,
    content_type: String,
    cache: CachePolicy,
    bytes: Vec<u8>,
}

/// What [`ReleaseWriter::finish`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The release's id.
    pub id: ReleaseId,
    /// How many posts it has.
    pub posts: u64,
    /// How many URLs answer with a file.
    pub files: u64,
    /// How many files had to be written, encodings included.
    pub files_written: u64,
    /// Whether the folder held another release, or none, before.
    pub changed: bool,
}

impl ReleaseWriter {
    /// Prepares to write a release to `folder`, which is created if it is missing. A release that
    /// is there already lends its blobs; one that cannot be read is replaced.
    ///
    /// # Errors
    ///
    /// [`ReleaseError::Write`] if the folder cannot be created.
    pub fn create(folder: &Path, compression: Compression) -> Result<Self, ReleaseError> {
        let blobs = blob::folder(folder);
        fs::create_dir_all(&blobs).map_err(ReleaseError::write(&blobs))?;
        Ok(Self {
            folder: folder.to_owned(),
            compression,
            previous: Release::open(folder).ok().map(|release| release.index().clone()),
            files: BTreeMap::new(),
            redirects: BTreeMap::new(),
        })
    }

    /// Whether something is at `route` already.
    #[must_use]
    pub fn has(&self, route: &str) -> bool {
        self.files.contains_key(route) || self.redirects.contains_key(route)
    }

    /// Answers `route` (decoded, beginning with `/`) with `bytes`.
    ///
    /// # Errors
    ///
    /// [`RouteTaken`] if something else is there.
    pub fn file(
        &mut self,
        route: String,
        content_type: &str,
        cache: CachePolicy,
        bytes: Vec<u8>,
    ) -> Result<(), RouteTaken> {
        if self.redirects.contains_key(&route) {
            return Err(RouteTaken(route));
        }
        match self.files.entry(route) {
            Slot::Occupied(taken) => Err(RouteTaken(taken.key().clone())),
            Slot::Vacant(free) => {
                let blob = content_hash(&bytes);
                free.insert(Draft { blob, content_type: content_type.to_owned(), cache, bytes });
                Ok(())
            }
        }
    }

    /// Redirects `from` (decoded) to the URL `to` (percent-encoded) for good.
    ///
    /// # Errors
    ///
    /// [`RouteTaken`] if something is at `from`.
    pub fn redirect(&mut self, from: String, to: String) -> Result<(), RouteTaken> {
        if self.has(&from) {
            return Err(RouteTaken(from));
        }
        self.redirects.insert(from, to);
        Ok(())
    }

    /// Writes the release: blobs first, `posts.ndjson`, then `index.json` by rename, and at last
    /// removes the blobs that it does not name. Writes nothing if nothing changed.
    ///
    /// # Errors
    ///
    /// [`ReleaseError::Write`] with the file that could not be written; the release that was
    /// there before is still whole.
    pub fn finish(self, posts: &[Post], not_found: &str) -> Result<Written, ReleaseError> {
        let present = list_blobs(&self.folder)?;
        let known = known_encodings(self.previous.as_ref(), self.compression, &present);
        let unique: BTreeMap<ContentHash, &Draft> =
            self.files.values().map(|draft| (draft.blob, draft)).collect();
        let stored = unique
            .par_iter()
            .map(|(blob, draft)| match known.get(blob) {
                Some(encodings) => Ok((*blob, (encodings.clone(), 0))),
                None => self.store(draft).map(|stored| (*blob, stored)),
            })
            .collect::<Result<HashMap<_, _>, ReleaseError>>()?;
        let files = self.files.len() as u64;
        let mut files_written: u64 = stored.values().map(|(_, written)| written).sum();

        let lines = write_posts(posts)?;
        let posts = PostsFile {
            hash: content_hash(&lines),
            count: posts.len() as u64,
            bytes: lines.len() as u64,
        };
        let index =
            Index::new(posts, not_found.to_owned(), entries(self.files, self.redirects, &stored))?;
        let changed =
            self.previous.as_ref() != Some(&index) || !self.folder.join("posts.ndjson").exists();
        if changed {
            blob::write_whole(&self.folder.join("posts.ndjson"), &lines)?;
            let text = serde_json::to_vec(&index).map_err(ReleaseError::Encode)?;
            blob::write_whole(&self.folder.join("index.json"), &text)?;
            files_written += 2;
        }
        remove_unnamed(&self.folder, &index, &present)?;
        Ok(Written { id: index.id, posts: index.posts.count, files, files_written, changed })
    }

    /// Writes one blob and its encodings. Returns the encodings' sizes and how many files it was.
    fn store(&self, draft: &Draft) -> Result<(BTreeMap<Encoding, u64>, u64), ReleaseError> {
        let blobs = blob::folder(&self.folder);
        let plain = blobs.join(blob::file_name(&draft.blob, None));
        blob::write_whole(&plain, &draft.bytes)?;
        let encoded = self
            .compression
            .encode(&draft.content_type, &draft.bytes)
            .map_err(ReleaseError::write(&plain))?;
        let mut sizes = BTreeMap::new();
        for (encoding, bytes) in encoded {
            blob::write_whole(&blobs.join(blob::file_name(&draft.blob, Some(encoding))), &bytes)?;
            sizes.insert(encoding, bytes.len() as u64);
        }
        let written = 1 + sizes.len() as u64;
        Ok((sizes, written))
    }
}

fn entries(
    files: BTreeMap<String, Draft>,
    redirects: BTreeMap<String, String>,
    stored: &HashMap<ContentHash, (BTreeMap<Encoding, u64>, u64)>,
) -> BTreeMap<String, Entry> {
    let files = files.into_iter().map(|(route, draft)| {
        let encodings =
            stored.get(&draft.blob).map(|(encodings, _)| encodings.clone()).unwrap_or_default();
        let file = File {
            blob: draft.blob,
            bytes: draft.bytes.len() as u64,
            content_type: draft.content_type,
            cache: draft.cache,
            encodings,
        };
        (route, Entry::File(file))
    });
    let redirects = redirects.into_iter().map(|(from, to)| (from, Entry::Redirect { to }));
    files.chain(redirects).collect()
}

/// The names in the blobs' folder.
fn list_blobs(folder: &Path) -> Result<HashSet<String>, ReleaseError> {
    let blobs = blob::folder(folder);
    let mut names = HashSet::new();
    for entry in fs::read_dir(&blobs).map_err(ReleaseError::read(&blobs))? {
        let entry = entry.map_err(ReleaseError::read(&blobs))?;
        names.insert(entry.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// Blobs that need no work: the previous release names them, all their files are there, and they
/// were compressed or not as is wanted now. Whether a text has encodings tells how it was built.
fn known_encodings(
    previous: Option<&Index>,
    compression: Compression,
    present: &HashSet<String>,
) -> HashMap<ContentHash, BTreeMap<Encoding, u64>> {
    let Some(previous) = previous else { return HashMap::new() };
    let was_compressed = previous.files().any(|file| !file.encodings.is_empty());
    if was_compressed != (compression != Compression::None) {
        return HashMap::new();
    }
    previous
        .files()
        .filter(|file| names(file).all(|name| present.contains(&name)))
        .map(|file| (file.blob, file.encodings.clone()))
        .collect()
}

/// The names of a file's blobs.
fn names(file: &File) -> impl Iterator<Item = String> + '_ {
    let encodings = file.encodings.keys().map(|encoding| Some(*encoding));
    std::iter::once(None).chain(encodings).map(|encoding| blob::file_name(&file.blob, encoding))
}

/// Removes what was there before and the index does not name. What is gone already is no error.
fn remove_unnamed(
    folder: &Path,
    index: &Index,
    present: &HashSet<String>,
) -> Result<(), ReleaseError> {
    let named: BTreeSet<String> = index.files().flat_map(names).collect();
    for name in present.iter().filter(|name| !named.contains(*name)) {
        let path = blob::folder(folder).join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ReleaseError::write(&path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
