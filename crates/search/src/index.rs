//! The index of one release.

use crate::fold::fold;
use crate::snippet;
use domain::{Post, PostSummary, Tag};
use std::cmp::Reverse;

/// More words than this are ignored.
pub const MAX_TERMS: usize = 16;

/// What a term found in a place counts.
const IN_TITLE: u32 = 100;
const IN_TAG: u32 = 60;
const IN_BREV: u32 = 20;
const IN_HEADING: u32 = 10;
const IN_TEXT: u32 = 1;

/// All posts of one release, prepared for queries.
#[derive(Debug, Default)]
pub struct Index {
    documents: Vec<Document>,
}

/// One post and its folded texts.
#[derive(Debug)]
struct Document {
    summary: PostSummary,
    text: String,
    folded_title: String,
    folded_tags: String,
    folded_brev: String,
    folded_headings: String,
    folded_text: String,
}

/// What a query found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits {
    /// How many posts in all.
    pub total: usize,
    /// The part of them that was asked for, best first.
    pub hits: Vec<Hit>,
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

impl Index {
    /// Prepares `posts`, which stand in the order of lists.
    #[must_use]
    pub fn build(posts: Vec<Post>) -> Self {
        Self { documents: posts.into_iter().map(Document::new).collect() }
    }

    /// The posts that contain every word of `query`, and carry `tag` if one is given: `limit` of
    /// them after the first `offset`. Those with words in the title come first, then tags, summary,
    /// headings, text; equal ones newest first. A query without words finds nothing.
    #[must_use]
    pub fn search(&self, query: &str, tag: Option<&Tag>, offset: usize, limit: usize) -> Hits {
        let folded = fold(query);
        let terms: Vec<String> =
            folded.split_whitespace().take(MAX_TERMS).map(str::to_owned).collect();
        if terms.is_empty() {
            return Hits { total: 0, hits: Vec::new() };
        }
        let mut found: Vec<(u32, &Document)> = self
            .documents
            .iter()
            .filter(|document| tag.is_none_or(|tag| document.summary.tags.contains(tag)))
            .filter_map(|document| document.score(&terms).map(|score| (score, document)))
            .collect();
        // Stable: equal scores stay in the order of lists.
        found.sort_by_key(|(score, _)| Reverse(*score));
        let hits = found.iter().skip(offset).take(limit).map(|(_, document)| document.hit(&terms));
        Hits { total: found.len(), hits: hits.collect() }
    }
}

impl Document {
    fn new(post: Post) -> Self {
        let summary = post.summary;
        let tags: Vec<&str> = summary.tags.iter().map(Tag::as_str).collect();
        let headings: Vec<&str> =
            post.outline.iter().map(|heading| heading.text.as_str()).collect();
        Self {
            folded_title: fold(&summary.title),
            folded_tags: fold(&tags.join("\n")),
            folded_brev: fold(&summary.brev),
            folded_headings: fold(&headings.join("\n")),
            folded_text: fold(&post.text),
            text: post.text,
            summary,
        }
    }

    /// The sum of each term's best place; `None` if one is nowhere.
    fn score(&self, terms: &[String]) -> Option<u32> {
        let places = [
            (&self.folded_title, IN_TITLE),
            (&self.folded_tags, IN_TAG),
            (&self.folded_brev, IN_BREV),
            (&self.folded_headings, IN_HEADING),
            (&self.folded_text, IN_TEXT),
        ];
        let best = |term: &String| {
            places.iter().find(|(text, _)| text.contains(term.as_str())).map(|(_, worth)| *worth)
        };
        terms.iter().map(best).sum()
    }

    fn hit(&self, terms: &[String]) -> Hit {
        let is_in_text = terms.iter().any(|term| self.folded_text.contains(term.as_str()));
        let text = if is_in_text { &self.text } else { &self.summary.brev };
        Hit {
            post: self.summary.clone(),
            title: snippet::whole(&self.summary.title, terms),
            snippet: snippet::around(text, terms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_kit::post;

    fn index() -> Index {
        let mut posts = vec![
            post("three", "2026-03-01", &["ops"], 1),
            post("two", "2026-02-01", &["go"], 1),
            post("one", "2026-01-01", &["go"], 1),
        ];
        posts[0].text = "用 context.WithTimeout 结束一个 goroutine".into();
        posts[1].text = "Redis缓存的三种写法".into();
        posts[2].summary.title = "缓存与 C++".into();
        posts[2].text = "没有".into();
        Index::build(posts)
    }

    fn found(query: &str, tag: Option<&str>) -> Vec<String> {
        let tag = tag.map(|tag| Tag::parse(tag).unwrap());
        let hits = index().search(query, tag.as_ref(), 0, 10).hits;
        hits.iter().map(|hit| hit.post.path.file_stem().to_owned()).collect()
    }

    #[test]
    fn any_part_of_a_text_is_found() {
        for query in ["context.withtimeout", "timeout", "个 goroutine", "结束一", "束"] {
            assert_eq!(found(query, None), ["three"], "{query}");
        }
        assert_eq!(found("redis缓", None), ["two"]);
        assert_eq!(found("c++", None), ["one"]);
        assert!(found("缓存 没有 redis", None).is_empty());
        assert!(found("  ", None).is_empty());
    }

    #[test]
    fn a_title_comes_before_a_text() {
        assert_eq!(found("缓存", None), ["one", "two"]);
        assert_eq!(found("缓存", Some("go")), ["one", "two"]);
        assert!(found("缓存", Some("ops")).is_empty());
    }

    #[test]
    fn hits_come_in_pages() {
        let hits = index().search("缓存", None, 1, 1);

        assert_eq!((hits.total, hits.hits.len()), (2, 1));
        assert!(hits.hits[0].snippet.contains("Redis<mark>缓存</mark>"), "{:?}", hits.hits[0]);
    }
}
