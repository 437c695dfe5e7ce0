//! Seeing that a folder has changed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use walkdir::{DirEntry, WalkDir};

/// How often to look. Three hundred files cost a millisecond.
const LOOK: Duration = Duration::from_millis(500);

/// Every file of a folder with its time and size.
type Seen = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// A folder whose changes are waited for.
pub(crate) struct Watched {
    folder: PathBuf,
    /// A folder below it that does not count.
    without: Option<PathBuf>,
    seen: Seen,
}

impl Watched {
    /// Remembers `folder` as it is now.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), without: None, seen: look(folder, None) }
    }

    /// Remembers `folder` as it is now, but not what is below `out`, where releases are written.
    pub(crate) fn without(folder: &Path, out: &Path) -> Self {
        let without = out.canonicalize().ok();
        let seen = look(folder, without.as_deref());
        Self { folder: folder.to_owned(), without, seen }
    }

    /// Completes when the folder has changed, and has stayed the same since for one look, so that
    /// a file that is being written is not read by half.
    pub(crate) async fn changed(&mut self) {
        let mut last = self.seen.clone();
        loop {
            tokio::time::sleep(LOOK).await;
            let (folder, without) = (self.folder.clone(), self.without.clone());
            let look = tokio::task::spawn_blocking(move || look(&folder, without.as_deref()));
            let Ok(now) = look.await else { continue };
            if now != self.seen && now == last {
                self.seen = now;
                return;
            }
            last = now;
        }
    }
}

fn look(folder: &Path, without: Option<&Path>) -> Seen {
    let is_open = |entry: &DirEntry| {
        entry.depth() == 0
            || (!entry.file_name().to_string_lossy().starts_with('.')
                && without.is_none_or(|without| entry.path() != without))
    };
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(is_open);
    let files = entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| match entry.metadata() {
            Ok(metadata) => (entry.into_path(), metadata.modified().ok(), metadata.len()),
            Err(_) => (entry.into_path(), None, 0),
        })
        .collect()
}
