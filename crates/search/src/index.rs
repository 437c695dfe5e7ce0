//! The index of one release.

use crate::document::Document;
use crate::fold::is_word;
use crate::placed::{Asked, Found, Placed};
use crate::query::{Query, Term};
use crate::related::Relations;
use crate::suggest::Titles;
use crate::update::Update;
use crate::{snippet, typo};
use domain::{Post, PostDetail, PostPath, PostSummary, Tag, VisiblePost};
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

/// The posts beside one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Neighbours<'a> {
    /// The next older post.
    pub previous: Option<&'a PostSummary>,
    /// The next newer post.
    pub next: Option<&'a PostSummary>,
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

    /// What the page of the post at `path` shows beside its summary and its text; nothing if there is
    /// no post.
    #[must_use]
    pub fn detail(&self, path: &PostPath) -> PostDetail {
        let rank = self.rank(path);
        rank.map(|rank| self.order[rank as usize].detail()).unwrap_or_default()
    }

    /// The posts beside the one at `path` in the order of lists; none if there is no post.
    #[must_use]
    pub fn neighbours(&self, path: &PostPath) -> Neighbours<'_> {
        let Some(rank) = self.rank(path).map(|rank| rank as usize) else {
            return Neighbours::default();
        };
        let summary = |rank| self.order.get(rank).map(|document: &Arc<Document>| &document.summary);
        Neighbours { previous: summary(rank + 1), next: rank.checked_sub(1).and_then(summary) }
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
            segments[index].set_rank(post, rank);
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
        let end = offset.saturating_add(limit);
        let mut found = self.find(&query, tag, end);
        let mut corrected = None;
        if found.total == 0
            && let Some(other) = self.corrected(&query)
        {
            found = self.find(&other, tag, end);
            if found.total > 0 {
                corrected = Some(other.whole());
                query = other;
            }
        }
        let Found { total, mut best } = found;
        let key = |(points, rank): &(u32, u32)| (Reverse(*points), *rank);
        if end < best.len() && end > 0 {
            best.select_nth_unstable_by_key(end - 1, key);
            best.truncate(end);
        }
        best.sort_unstable_by_key(key);
        let hits = best.iter().skip(offset).take(limit);
        let hits = hits.map(|(_, rank)| self.hit(*rank, &query.terms)).collect();
        Hits { total, hits, corrected }
    }

    /// At least the best `most` of what `query` finds.
    fn find(&self, query: &Query, tag: Option<&Tag>, most: usize) -> Found {
        let mut found = Found::default();
        if !query.is_empty() {
            let asked = Asked { query, tag, most, titles: &self.titles };
            self.segments.iter().for_each(|placed| placed.find(&asked, &mut found));
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
        let near = words().flat_map(|words| words.near(&term.text));
        // Of equally frequent ones the first in the alphabet, so that replicas agree.
        near.max_by_key(|(frequency, word)| (*frequency, Reverse(*word)))
            .map(|(_, word)| word.to_owned())
    }
}

#[cfg(test)]
mod scan;
#[cfg(test)]
mod tests;
