//! What registering a release would change.

use crate::{ContentHash, PostPath, VisiblePost};
use std::collections::{BTreeMap, BTreeSet};

/// What registering a release would change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// New paths.
    pub added: Vec<PostPath>,
    /// Paths whose version differs.
    pub changed: Vec<PostPath>,
    /// Paths that are no longer there.
    pub removed: Vec<PostPath>,
    /// How many stay as they are.
    pub unchanged: u64,
}

/// Compares what is stored with what a release has, one post at a time.
#[derive(Debug, Clone)]
pub struct Comparison {
    stored: BTreeMap<PostPath, ContentHash>,
    seen: BTreeSet<PostPath>,
    difference: Difference,
}

/// What one post of a release is to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Its path is new.
    Added,
    /// Another version is stored.
    Changed,
    /// This version is stored.
    Unchanged,
}

/// A release has two posts with one path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is there twice")]
pub struct SeenTwice(pub PostPath);

impl Comparison {
    /// Begins with what is `stored`.
    #[must_use]
    pub fn with(stored: Vec<VisiblePost>) -> Self {
        Self {
            stored: stored.into_iter().map(|post| (post.path, post.hash)).collect(),
            seen: BTreeSet::new(),
            difference: Difference::default(),
        }
    }

    /// Takes the next post of the release.
    ///
    /// # Errors
    ///
    /// [`SeenTwice`] if its path came before; such a release cannot be registered.
    pub fn take(&mut self, path: &PostPath, hash: ContentHash) -> Result<Change, SeenTwice> {
        if !self.seen.insert(path.clone()) {
            return Err(SeenTwice(path.clone()));
        }
        Ok(match self.stored.remove(path) {
            None => {
                self.difference.added.push(path.clone());
                Change::Added
            }
            Some(stored) if stored == hash => {
                self.difference.unchanged += 1;
                Change::Unchanged
            }
            Some(_) => {
                self.difference.changed.push(path.clone());
                Change::Changed
            }
        })
    }

    /// What was found, when the release has no more posts.
    #[must_use]
    pub fn finish(mut self) -> Difference {
        self.difference.removed = self.stored.into_keys().collect();
        self.difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> PostPath {
        PostPath::parse(name).unwrap()
    }

    fn hash(byte: u8) -> ContentHash {
        ContentHash::new([byte; 32])
    }

    #[test]
    fn a_difference_tells_new_changed_and_removed_posts_apart() {
        let stored =
            ["a.md", "b.md", "c.md"].map(|name| VisiblePost { path: path(name), hash: hash(1) });
        let mut comparison = Comparison::with(stored.to_vec());

        let changes = [("b.md", 2), ("c.md", 1), ("d.md", 1)]
            .map(|(name, byte)| comparison.take(&path(name), hash(byte)).unwrap());

        assert_eq!(changes, [Change::Changed, Change::Unchanged, Change::Added]);
        assert_eq!(comparison.take(&path("d.md"), hash(1)), Err(SeenTwice(path("d.md"))));
        let difference = comparison.finish();
        assert_eq!(difference.added, [path("d.md")]);
        assert_eq!(difference.changed, [path("b.md")]);
        assert_eq!(difference.removed, [path("a.md")]);
        assert_eq!(difference.unchanged, 1);
    }
}
