//! Whether a file can have been written to, without reading it.

use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the system says of a file; another stamp means that the file may be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    bytes: u64,
    /// Nanoseconds since 1970, as all times here.
    modified: i128,
    /// When the inode was last changed, which unlike `modified` nobody can set.
    changed: i128,
    /// Device and inode: a file that was moved to the place of another is another.
    identity: (u64, u64),
}

/// The coarsest clock of a file system in use (FAT). Within one tick of it a file can be written
/// twice and show the same time: what git calls racily clean.
const TICK: i128 = 2_000_000_000;

impl Stamp {
    /// The stamp of the file that `metadata` is of. Take it before the file is read.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let (changed, identity) = inode(metadata);
        let modified = nanoseconds(metadata.modified().ok());
        Self { bytes: metadata.len(), modified, changed, identity }
    }

    /// Whether a file with this stamp at the instant `taken` would show another if it had been
    /// written to since.
    pub(super) fn is_before(&self, taken: i128) -> bool {
        self.modified.max(self.changed).saturating_add(TICK) < taken
    }
}

/// Since 1970; 0 for a time that is not known or before that.
pub(super) fn nanoseconds(time: Option<SystemTime>) -> i128 {
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i128::try_from(since.as_nanos()).ok()).unwrap_or_default()
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> (i128, (u64, u64)) {
    use std::os::unix::fs::MetadataExt;
    let changed = i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec());
    (changed, (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> (i128, (u64, u64)) {
    (0, (0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_as_young_as_the_cache_is_not_believed() {
        let stamp = Stamp { bytes: 1, modified: 5, changed: TICK, identity: (0, 0) };

        assert!(!stamp.is_before(TICK));
        assert!(!stamp.is_before(2 * TICK));
        assert!(stamp.is_before(2 * TICK + 1));
        assert!(!Stamp { modified: i128::MAX, ..stamp }.is_before(i128::MAX));
    }
}
