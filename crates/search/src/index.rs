//! The index of one release.

use crate::document::{Document, Field};
use crate::find::{Candidates, verified};
use crate::fold::{fold, is_word};
use crate::posting::Posting;
use crate::query::{Query, Term};
use crate::related::Relations;
use crate::score::{EXACT_TITLE, IN_TITLE, worth};
use crate::segment::Segment;
use crate::suggest::Titles;
use crate::update::Update;
use crate::{snippet, typo};
use domain::{Post, PostPath, PostSummary, Tag, VisiblePost};
use std::cmp::Reverse;
use std::sync::Arc;

/// All posts of one release, prepared for queries.
#[derive(Debug, Default)]
pub struct Index {
    pub(crate) segments: Vec<Placed>,
    /// The posts in the order of lists, newest first.
    pub(crate) order: Vec<Arc<Document>>,
    /// The places of posts in the order of lists, in the order of their paths.
    by_path: Vec<u32>,
    pub(crate) titles: Titles,
    pub(crate) relations: Relations,
}

/// A segment as a part of an index.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) segment: Arc<Segment>,
    /// The place of each post in the order of lists; [`GONE`] if the release has it no more.
    ranks: Vec<u32>,
}

/// A post that another segment, or none, holds for this release.
const GONE: u32 = u32::MAX;

/// What a query found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits {
    /// How many posts in all.
    pub total: usize,
    /// The part of them that was asked for, best first.
    pub hits: Vec<Hit>,
    /// The words that were searched for instead, if the query's own were found nowhere and looked
    /// like mistakes.
    pub corrected: Option<String>,
}

/// One post that a query found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The post.
    pub post: PostSummary,
    /// Its title as safe HTML, with the query in `<mark>`.
    pub title: String,
    /// The part of its text where the query was found, in the same way.
    pub snippet: String,
}

/// A post that a query found, by its place in the order of lists.
type Found = (u32, u32);

impl Placed {
    /// Ranks are given when all segments are known.
    pub(crate) fn new(segment: Arc<Segment>, is_wanted: &[bool]) -> Self {
        let rank = |is_wanted: &bool| if *is_wanted { 0 } else { GONE };
        Self { segment, ranks: is_wanted.iter().map(rank).collect() }
    }

    fn live(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.ranks).filter(|(_, rank)| **rank != GONE).map(|(post, _)| post)
    }
}

impl Index {
    /// Prepares `posts`.
    #[must_use]
    pub fn build(posts: Vec<Post>) -> Self {
        let wanted = |post: &Post| VisiblePost { path: post.summary.path.clone(), hash: post.hash };
        let wanted: Vec<_> = posts.iter().map(wanted).collect();
        let mut update = Self::default().update(&wanted);
        update.add(posts);
        update.finish()
    }

    /// Begins the index of another release, which shows the posts that are `wanted`. This one goes
    /// on answering.
    #[must_use]
    pub fn update(&self, wanted: &[VisiblePost]) -> Update {
        Update::new(self, wanted)
    }

    /// How many posts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// All posts in the order of lists.
    pub fn posts(&self) -> impl Iterator<Item = &PostSummary> {
        self.order.iter().map(|document| &document.summary)
    }

    /// The post at `path`.
    #[must_use]
    pub fn post(&self, path: &PostPath) -> Option<&PostSummary> {
        self.rank(path).map(|rank| &self.order[rank as usize].summary)
    }

    /// The place of the post at `path` in the order of lists.
    pub(crate) fn rank(&self, path: &PostPath) -> Option<u32> {
        let found =
            self.by_path.binary_search_by(|rank| self.order[*rank as usize].summary.path.cmp(path));
        found.ok().map(|place| self.by_path[place])
    }

    pub(crate) fn of(segments: impl Iterator<Item = Placed>) -> Self {
        let mut segments: Vec<Placed> = segments.collect();
        let mut places: Vec<(usize, u32)> = Vec::new();
        for (index, placed) in segments.iter().enumerate() {
            places.extend(placed.live().map(|post| (index, post)));
        }
        let document =
            |(index, post): (usize, u32)| &segments[index].segment.documents()[post as usize];
        places.sort_by(|one, other| document(*one).summary.newest_first(&document(*other).summary));
        let order: Vec<_> = places.iter().map(|place| document(*place).clone()).collect();
        for (rank, (index, post)) in (0..).zip(places) {
            segments[index].ranks[post as usize] = rank;
        }
        let titles = Titles::of(&order);
        let mut by_path: Vec<u32> = (0..).zip(&order).map(|(rank, _)| rank).collect();
        let path = |rank: &u32| &order[*rank as usize].summary.path;
        by_path.sort_unstable_by(|one, other| path(one).cmp(path(other)));
        let relations = Relations::of(&order);
        Self { segments, order, by_path, titles, relations }
    }

    /// The posts that `query` asks for, and that carry `tag` if one is given: `limit` of them after
    /// the first `offset`, the best first, and equal ones newest first; `score.rs` says what is good.
    /// A query without words or filters finds nothing.
    ///
    /// White space separates words, and each must stand somewhere in the post, as part of a longer
    /// word too. `"several words"` are one, `-word` must not be there, `tag:` and `year:` filter.
    /// Between quotation marks `\"` is one of the text, and `\\` a backslash: [`phrase`](crate::phrase).
    ///
    /// If nothing is found, Latin words that stand nowhere are replaced by the most frequent one
    /// that differs by one mistake.
    #[must_use]
    pub fn search(&self, query: &str, tag: Option<&Tag>, offset: usize, limit: usize) -> Hits {
        let mut query = Query::parse(query);
        let mut found = self.find(&query, tag);
        let mut corrected = None;
        if found.is_empty()
            && let Some(other) = self.corrected(&query)
        {
            found = self.find(&other, tag);
            if !found.is_empty() {
                corrected = Some(other.whole());
                query = other;
            }
        }
        let total = found.len();
        let end = total.min(offset.saturating_add(limit));
        let key = |(points, rank): &Found| (Reverse(*points), *rank);
        if end < total && end > 0 {
            found.select_nth_unstable_by_key(end - 1, key);
            found.truncate(end);
        }
        found.sort_unstable_by_key(key);
        let hits = found.iter().skip(offset).take(limit);
        let hits = hits.map(|(_, rank)| self.hit(*rank, &query.terms)).collect();
        Hits { total, hits, corrected }
    }

    fn find(&self, query: &Query, tag: Option<&Tag>) -> Vec<Found> {
        if query.is_empty() {
            return Vec::new();
        }
        let whole = query.whole();
        let mut found = Vec::new();
        for placed in &self.segments {
            placed.find(query, &whole, tag, &mut found);
        }
        found
    }

    fn hit(&self, rank: u32, terms: &[Term]) -> Hit {
        let document = &self.order[rank as usize];
        Hit {
            post: document.summary.clone(),
            title: snippet::whole(&document.summary.title, terms),
            snippet: snippet::around(document, terms),
        }
    }

    /// `query` with better words for those that stand nowhere; `None` if there are none.
    fn corrected(&self, query: &Query) -> Option<Query> {
        let mut other = query.clone();
        let mut is_other = false;
        for term in &mut other.terms {
            if let Some(word) = self.nearest(term) {
                *term = Term::new(word);
                is_other = true;
            }
        }
        is_other.then_some(other)
    }

    /// The most frequent word that differs from `term` by one mistake, if that is a word and stands
    /// nowhere.
    fn nearest(&self, term: &Term) -> Option<String> {
        let is_long = term.text.chars().count() >= typo::SHORTEST_CHARS;
        if !is_long || !term.text.chars().all(is_word) {
            return None;
        }
        let words = || self.segments.iter().map(|placed| placed.segment.words());
        if words().any(|words| !words.containing(&term.text).is_empty()) {
            return None;
        }
        let near = words().flat_map(|words| {
            let near = words.iter().filter(|(_, word)| typo::is_near(&term.text, word));
            near.map(|(index, word)| (words.list(index).bytes(), word))
        });
        // Of equally frequent ones the first in the alphabet, so that replicas agree.
        near.max_by_key(|(frequency, word)| (*frequency, Reverse(*word)))
            .map(|(_, word)| word.to_owned())
    }
}

impl Placed {
    /// Adds what `query` finds here to `found`.
    fn find(&self, query: &Query, whole: &str, tag: Option<&Tag>, found: &mut Vec<Found>) {
        let candidates: Vec<_> =
            query.terms.iter().map(|term| Candidates::of(term, &self.segment)).collect();
        let document = |post: u32| &*self.segment.documents()[post as usize];
        let is_allowed = |post: u32| {
            self.ranks[post as usize] != GONE && is_allowed(query, tag, &document(post).summary)
        };
        let mut posts: Vec<u32> = match candidates.first() {
            Some(first) => first.postings.iter().map(|posting| posting.post).collect(),
            None => self.live().collect(),
        };
        for candidates in candidates.iter().skip(1) {
            let mut fields = Fields::of(candidates);
            posts.retain(|post| fields.at(*post) != 0);
        }
        posts.retain(|post| is_allowed(*post));
        for term in &query.excluded {
            let candidates = Candidates::of(term, &self.segment);
            let mut fields = Fields::of(&candidates);
            posts.retain(|post| {
                let fields = fields.at(*post);
                fields == 0
                    || !(candidates.is_sure || verified(term, document(*post), fields).is_some())
            });
        }
        let mut scored: Vec<(u32, u32)> = posts.into_iter().map(|post| (post, 0)).collect();
        for (term, candidates) in query.terms.iter().zip(&candidates) {
            let mut fields = Fields::of(candidates);
            scored.retain_mut(|(post, points)| {
                let fields = fields.at(*post);
                let field = if candidates.is_sure {
                    Field::best(fields)
                } else {
                    verified(term, document(*post), fields)
                };
                *points += field.map_or(0, |field| worth(term, document(*post), field));
                field.is_some()
            });
        }
        let title = query.terms.iter().map(|_| IN_TITLE).sum::<u32>();
        for (post, points) in scored {
            // Each term stands in the title, or the title need not be read.
            let is_exact =
                points >= title && title > 0 && document(post).field(Field::Title) == whole;
            let points = if is_exact { points + EXACT_TITLE } else { points };
            found.push((points, self.ranks[post as usize]));
        }
    }
}

/// The fields of postings, asked for in the order of posts.
struct Fields<'a>(&'a [Posting]);

impl<'a> Fields<'a> {
    fn of(candidates: &'a Candidates) -> Self {
        Self(&candidates.postings)
    }

    /// The fields of `post`; none if it is not there.
    fn at(&mut self, post: u32) -> u8 {
        let skip = self.0.iter().take_while(|posting| posting.post < post).count();
        self.0 = &self.0[skip..];
        self.0.first().filter(|posting| posting.post == post).map_or(0, |posting| posting.fields)
    }
}

fn is_allowed(query: &Query, tag: Option<&Tag>, post: &PostSummary) -> bool {
    let has = |wanted: &String| post.tags.iter().any(|tag| fold(tag.as_str()) == *wanted);
    tag.is_none_or(|tag| post.tags.contains(tag))
        && query.tags.iter().all(has)
        && query.years.iter().all(|year| post.date.year() == *year)
}

#[cfg(test)]
mod tests;
