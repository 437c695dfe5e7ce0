//! From one release's index to the next one's: what did not change is shared.

use crate::document::Document;
use crate::index::Index;
use crate::placed::Placed;
use crate::segment::Segment;
use crate::set::BitSet;
use domain::{ContentHash, Post, PostPath, VisiblePost};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// An index in the making.
///
/// ```
/// use search::Index;
///
/// let old = Index::default();
/// let mut update = old.update(&[]);
/// assert!(update.missing().is_empty());
/// update.add(Vec::new());
/// let new = update.finish();
/// assert!(new.is_empty());
/// ```
#[derive(Debug)]
pub struct Update {
    kept: Vec<Kept>,
    missing: Vec<PostPath>,
    new: Vec<Arc<Document>>,
}

/// A segment of the index before, and those of its posts that are wanted still.
#[derive(Debug)]
struct Kept {
    segment: Arc<Segment>,
    live: BitSet,
}

impl Kept {
    fn documents(&self) -> impl Iterator<Item = &Arc<Document>> {
        self.live.iter().map(|post| &self.segment.documents()[post as usize])
    }
}

impl Update {
    /// From the segments of `index` to the posts that are `wanted`.
    pub(crate) fn new(index: &Index, wanted: &[VisiblePost]) -> Self {
        let mut open: FxHashMap<&PostPath, &ContentHash> =
            wanted.iter().map(|post| (&post.path, &post.hash)).collect();
        let mut keep = |segment: &Arc<Segment>| {
            let mut is_wanted = |document: &Document| {
                let path = &document.summary.path;
                let is_wanted = open.get(path).is_some_and(|hash| **hash == document.hash);
                if is_wanted {
                    open.remove(path);
                }
                is_wanted
            };
            let documents = segment.documents();
            let mut live = BitSet::new(documents.len());
            let wanted = (0..).zip(documents).filter(|(_, document)| is_wanted(document));
            live.extend(wanted.map(|(post, _)| post));
            Kept { segment: segment.clone(), live }
        };
        let kept = index.segments.iter().map(|placed| keep(&placed.segment)).collect();
        let missing = wanted.iter().filter(|post| open.contains_key(&post.path));
        Self { kept, missing: missing.map(|post| post.path.clone()).collect(), new: Vec::new() }
    }

    /// The posts that have to be added, in the order in which they were wanted.
    #[must_use]
    pub fn missing(&self) -> &[PostPath] {
        &self.missing
    }

    /// Adds some of them. Their texts are not kept.
    pub fn add(&mut self, posts: Vec<Post>) {
        self.new.extend(posts.into_iter().map(|post| Arc::new(Document::new(post))));
    }

    /// Makes the index. Segments that have become small beside what is new, or hold more that is
    /// gone than is there, are written anew: a release with one new post costs little, and there
    /// are never more segments than the logarithm of the number of posts.
    #[must_use]
    pub fn finish(self) -> Index {
        let Self { mut kept, mut new, .. } = self;
        kept.sort_by_key(|kept| std::cmp::Reverse(kept.live.len()));
        let is_worn = |kept: &Kept| kept.live.len() * 2 < kept.segment.documents().len();
        for worn in kept.extract_if(.., |kept| is_worn(kept)) {
            new.extend(worn.documents().cloned());
        }
        while let Some(small) = kept.pop_if(|kept| kept.live.len() < 2 * new.len()) {
            new.extend(small.documents().cloned());
        }
        let kept = kept.into_iter().map(|kept| Placed::new(kept.segment, kept.live));
        let new = (!new.is_empty()).then(|| Placed::whole(Arc::new(Segment::new(new))));
        Index::of(kept.chain(new))
    }
}
