//! What a query finds in one segment of an index.

use crate::document::{Document, Field};
use crate::find::Candidates;
use crate::places::Fields;
use crate::query::{Query, Term};
use crate::score::{EXACT_TITLE, IN_TEXT, IN_TITLE, worth};
use crate::segment::Segment;
use crate::set::BitSet;
use crate::suggest::Titles;
use domain::{PostSummary, Tag};
use std::sync::Arc;

/// A segment as a part of an index.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) segment: Arc<Segment>,
    /// Its posts that the release has; another segment, or none, holds the others.
    live: BitSet,
    /// The place of each post in the order of lists, which is that of the segment too; of those that
    /// are gone, none.
    ranks: Vec<u32>,
}

/// What a segment is asked.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) query: &'a Query,
    /// A tag that posts must carry.
    pub(crate) tag: Option<&'a Tag>,
    /// How many of the best posts are wanted.
    pub(crate) most: usize,
    /// Of the whole index.
    pub(crate) titles: &'a Titles,
}

/// What a query found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// How many posts.
    pub(crate) total: usize,
    /// The points and the places in the order of lists of the best, and of some others.
    pub(crate) best: Vec<(u32, u32)>,
}

impl Placed {
    /// With those of its posts that the release has. Ranks are given when all segments are known.
    pub(crate) fn new(segment: Arc<Segment>, live: BitSet) -> Self {
        let ranks = vec![0; segment.documents().len()];
        Self { segment, live, ranks }
    }

    /// With all its posts.
    pub(crate) fn whole(segment: Arc<Segment>) -> Self {
        let mut live = BitSet::new(segment.documents().len());
        live.extend((0..).zip(segment.documents()).map(|(post, _)| post));
        Self::new(segment, live)
    }

    pub(crate) fn live(&self) -> impl Iterator<Item = u32> {
        self.live.iter()
    }

    pub(crate) fn set_rank(&mut self, post: u32, rank: u32) {
        self.ranks[post as usize] = rank;
    }

    fn document(&self, post: u32) -> &Document {
        &self.segment.documents()[post as usize]
    }

    /// Adds what it finds here to `found`.
    pub(crate) fn find(&self, asked: &Asked<'_>, found: &mut Found) {
        let query = asked.query;
        let mut posts = self.live.clone();
        let mut terms = Vec::with_capacity(query.terms.len());
        for term in &query.terms {
            let candidates = Candidates::of(term, &self.segment);
            posts.intersect(&candidates.places.posts());
            if posts.is_empty() {
                return;
            }
            terms.push((term, candidates));
        }
        if asked.tag.is_some() || !query.tags.is_empty() || !query.years.is_empty() {
            posts.retain(|post| asked.is_allowed(self.document(post)));
        }
        for term in &query.excluded {
            let mut candidates = Candidates::of(term, &self.segment);
            let mut excluded = candidates.places.posts();
            excluded.intersect(&posts);
            candidates.verify(term, &self.segment, &mut excluded);
            posts.subtract(&excluded);
        }
        for (term, candidates) in &mut terms {
            candidates.verify(term, &self.segment, &mut posts);
        }
        found.total += posts.len();
        self.rate(asked, &terms, posts, &mut found.best);
    }

    /// Adds the points and ranks of `posts`, which contain all `terms`, to `best`; of those with the
    /// least points no more than can be wanted.
    fn rate(
        &self,
        asked: &Asked<'_>,
        terms: &[(&Term, Candidates)],
        mut posts: BitSet,
        best: &mut Vec<(u32, u32)>,
    ) {
        let mut telling = BitSet::new(self.ranks.len());
        for (_, candidates) in terms {
            telling.extend(candidates.places.others.iter().map(|posting| posting.post));
        }
        telling.intersect(&posts);
        posts.subtract(&telling);
        let whole = asked.query.whole();
        let in_title = terms.iter().map(|_| IN_TITLE).sum();
        let mut terms: Vec<_> =
            terms.iter().map(|(term, found)| (term, Fields::of(&found.places.others))).collect();
        for post in telling.iter() {
            let rank = self.ranks[post as usize];
            let folded = |field| match field {
                Field::Title => asked.titles.title(rank),
                Field::Tags => asked.titles.tags(rank),
                field => self.document(post).field(field),
            };
            let worth = |(term, fields): &mut (&&Term, Fields)| {
                let field = Field::best(fields.at(post)).unwrap_or(Field::Text);
                worth(term, field, || folded(field))
            };
            let mut points = terms.iter_mut().map(worth).sum();
            // Each term stands in the title, or the title need not be read.
            if points >= in_title && folded(Field::Title) == whole {
                points += EXACT_TITLE;
            }
            best.push((points, rank));
        }
        let points = terms.iter().map(|_| IN_TEXT).sum();
        let plain = posts.iter().take(asked.most);
        best.extend(plain.map(|post| (points, self.ranks[post as usize])));
    }
}

impl Asked<'_> {
    /// Whether `document` has the tags and the year that are asked for.
    fn is_allowed(&self, document: &Document) -> bool {
        let PostSummary { tags, date, .. } = &document.summary;
        let has = |wanted: &String| document.field(Field::Tags).lines().any(|tag| tag == wanted);
        self.tag.is_none_or(|tag| tags.contains(tag))
            && self.query.tags.iter().all(has)
            && self.query.years.iter().all(|year| date.year() == *year)
    }
}
