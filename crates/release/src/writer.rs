//! Writing a release, and not writing again what is there already.

mod store;

use crate::posts::write_lines;
use crate::{
    CachePolicy, Carried, Compression, Entry, File, Index, PostsFile, Release, ReleaseError,
    RouteTaken, blob, content_hash,
};
use domain::{ContentHash, Post, ReleaseId};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use store::Store;

/// Gathers the files of a release, writing blobs as they come, and the index in one go.
#[derive(Debug)]
pub struct ReleaseWriter {
    folder: PathBuf,
    previous: Option<Release>,
    lender: Option<Release>,
    store: Store,
    policy: String,
    entries: BTreeMap<String, Entry>,
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
    /// How many assets of earlier releases it answers too.
    pub carried: u64,
}

impl ReleaseWriter {
    /// Prepares to write a release to `folder`, which is created if it is missing. A release that
    /// is there already lends its blobs and is the one before: its assets are carried. One that
    /// cannot be read is replaced.
    ///
    /// # Errors
    ///
    /// [`ReleaseError::Write`] if the folder cannot be created.
    pub fn create(folder: &Path, compression: Compression) -> Result<Self, ReleaseError> {
        let blobs = blob::folder(folder);
        fs::create_dir_all(&blobs).map_err(ReleaseError::write(&blobs))?;
        let previous = Release::open(folder).ok();
        let store = Store::open(blobs, compression, previous.as_ref())?;
        let (policy, entries) = (String::new(), BTreeMap::new());
        Ok(Self { folder: folder.to_owned(), previous, lender: None, store, policy, entries })
    }

    /// Sends HTML pages with the Content-Security-Policy `policy`.
    #[must_use]
    pub fn with_policy(mut self, policy: String) -> Self {
        self.policy = policy;
        self
    }

    /// Lets [`kept_route`](Self::kept_route) copy files from the release `lender`, which is in another
    /// folder.
    #[must_use]
    pub fn borrowing(mut self, lender: Option<Release>) -> Self {
        self.lender = lender;
        self
    }

    /// Whether something is at `route` already.
    #[must_use]
    pub fn has(&self, route: &str) -> bool {
        self.entries.contains_key(route)
    }

    /// Answers `route` (decoded, beginning with `/`) with `bytes`. They are written at once or
    /// with some of the next files, many at a time; a failure is returned by
    /// [`finish`](Self::finish).
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
        let free = free(&mut self.entries, route)?;
        let blob = content_hash(&bytes);
        free.insert(file(blob, bytes.len() as u64, content_type, cache));
        self.store.put(blob, content_type, bytes);
        Ok(())
    }

    /// Answers `route` with a blob that the release in this folder has in every form that is
    /// wanted. `Ok(false)` if it has not: give the bytes to [`file`](Self::file) then.
    ///
    /// # Errors
    ///
    /// [`RouteTaken`] if something else is there.
    pub fn kept(
        &mut self,
        route: &str,
        content_type: &str,
        cache: CachePolicy,
        blob: ContentHash,
    ) -> Result<bool, RouteTaken> {
        let free = free(&mut self.entries, route.to_owned())?;
        let Some(bytes) = self.store.size_of(&blob, content_type) else { return Ok(false) };
        free.insert(file(blob, bytes, content_type, cache));
        Ok(true)
    }

    /// Answers `route` as the release in this folder does, or else the lender, if that has there a
    /// file that never changes, in every form that is wanted. `Ok(false)` if neither has. For routes that name all
    /// that the file is made from, so that it need not be made again.
    ///
    /// # Errors
    ///
    /// [`RouteTaken`] if something else is there.
    pub fn kept_route(&mut self, route: &str) -> Result<bool, RouteTaken> {
        let own = self.previous.as_ref().and_then(|release| lasting(release, route)).cloned();
        if let Some(own) = own
            && self.kept(route, &own.content_type, CachePolicy::Immutable, own.blob)?
        {
            return Ok(true);
        }
        let Some(lender) = &self.lender else { return Ok(false) };
        let Some(File { blob, content_type, .. }) = lasting(lender, route).cloned() else {
            return Ok(false);
        };
        // What cannot be borrowed is made again.
        let bytes = fs::read(lender.blob_path(&blob, None)).unwrap_or_default();
        if content_hash(&bytes) != blob {
            return Ok(false);
        }
        self.file(route.to_owned(), &content_type, CachePolicy::Immutable, bytes)?;
        Ok(true)
    }

    /// Redirects `from` (decoded) to the URL `to` (percent-encoded) for good.
    ///
    /// # Errors
    ///
    /// [`RouteTaken`] if something is at `from`.
    pub fn redirect(&mut self, from: String, to: String) -> Result<(), RouteTaken> {
        free(&mut self.entries, from)?.insert(Entry::Redirect { to });
        Ok(())
    }

    /// Writes the release: the last blobs, `posts.ndjson`, what is carried, then `index.json` by
    /// rename, and at last removes the blobs that are named nowhere. Writes nothing if nothing
    /// changed. `posts`
    /// is gone through twice: to name the release, and to write it if it is new.
    ///
    /// # Errors
    ///
    /// [`ReleaseError::Write`] with the file that could not be written; the release that was
    /// there before is still whole.
    pub fn finish<'a>(
        mut self,
        posts: impl IntoIterator<Item = &'a Post> + Clone,
        not_found: &str,
    ) -> Result<Written, ReleaseError> {
        let mut files_written = self.store.finish()?;
        for entry in self.entries.values_mut() {
            if let Entry::File(file) = entry {
                file.encodings = self.store.encodings(file);
            }
        }
        let entries = std::mem::take(&mut self.entries);
        let policy = std::mem::take(&mut self.policy);
        let index = Index::new(describe(posts.clone())?, not_found.to_owned(), policy, entries)?;
        let posts_path = self.folder.join("posts.ndjson");
        let carried = self.carried(&index);
        if self.previous.as_ref().map(Release::carried) != Some(&carried) {
            carried.write(&self.folder)?;
            files_written += u64::from(!carried.is_empty());
        }
        let is_there = self.previous.as_ref().is_some_and(|previous| *previous.index() == index);
        let changed = !is_there || !posts_path.exists();
        if changed {
            blob::write_lasting(&posts_path, |file| write_lines(posts, file))?;
            let text = serde_json::to_vec(&index).map_err(ReleaseError::Encode)?;
            let index_path = self.folder.join("index.json");
            blob::write_lasting(&index_path, |file| file.write_all(&text))?;
            blob::sync_folder(&self.folder)?;
            files_written += 2;
        }
        self.store.remove_all_but(index.files().chain(carried.files()))?;
        let (files, carried) = (index.files().count() as u64, carried.len() as u64);
        Ok(Written {
            id: index.id,
            posts: index.posts.count,
            files,
            files_written,
            changed,
            carried,
        })
    }

    /// The assets of the release that was here before.
    fn carried(&self, index: &Index) -> Carried {
        let mut carried = Carried::default();
        if let Some(previous) = &self.previous {
            carried.inherit(index, previous);
            carried.retain_present(&blob::folder(&self.folder));
        }
        carried
    }
}

/// The file that never changes at `route` of `release`, now or in an earlier one.
fn lasting<'a>(release: &'a Release, route: &str) -> Option<&'a File> {
    let file = match release.index().entries.get(route) {
        Some(Entry::File(file)) => file,
        Some(Entry::Redirect { .. }) => return None,
        None => &release.carried().get(route)?.file,
    };
    (file.cache == CachePolicy::Immutable).then_some(file)
}

/// The place for `route`, if nothing is there.
fn free(
    entries: &mut BTreeMap<String, Entry>,
    route: String,
) -> Result<std::collections::btree_map::VacantEntry<'_, String, Entry>, RouteTaken> {
    match entries.entry(route) {
        Slot::Occupied(taken) => Err(RouteTaken(taken.key().clone())),
        Slot::Vacant(free) => Ok(free),
    }
}

/// A file whose encodings are not known yet.
fn file(blob: ContentHash, bytes: u64, content_type: &str, cache: CachePolicy) -> Entry {
    let encodings = BTreeMap::new();
    Entry::File(File { blob, bytes, content_type: content_type.to_owned(), cache, encodings })
}

/// Hash, count and size of what `posts.ndjson` is to hold.
fn describe<'a>(posts: impl IntoIterator<Item = &'a Post>) -> Result<PostsFile, ReleaseError> {
    let mut hasher = blake3::Hasher::new();
    let mut count = 0;
    let counted = posts.into_iter().inspect(|_| count += 1);
    write_lines(counted, &mut hasher)
        .map_err(|error| ReleaseError::Encode(serde_json::Error::io(error)))?;
    let hash = ContentHash::new(*hasher.finalize().as_bytes());
    Ok(PostsFile { hash, count, bytes: hasher.count() })
}

#[cfg(test)]
mod tests;
