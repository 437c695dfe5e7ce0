//! What answers are made of.

use domain::{CurrentRelease, Heading, Neighbours, Post, PostSummary};
use jiff::Timestamp;
use serde::Serialize;

/// A post in a list.
#[derive(Debug, Serialize)]
pub(crate) struct Item {
    /// Where its page is.
    url: String,
    #[serde(flatten)]
    summary: PostSummary,
}

/// One post.
#[derive(Debug, Serialize)]
pub(crate) struct Detail {
    #[serde(flatten)]
    item: Item,
    /// Where its Markdown is.
    raw_url: String,
    description: Option<String>,
    keywords: Vec<String>,
    outline: Vec<Heading>,
    /// The next older post.
    previous: Option<Item>,
    /// The next newer post.
    next: Option<Item>,
}

/// The release that is served.
#[derive(Debug, Serialize)]
pub(crate) struct Release {
    id: String,
    number: i64,
    posts: u64,
    at: Timestamp,
}

impl From<PostSummary> for Item {
    fn from(summary: PostSummary) -> Self {
        Self { url: summary.path.url(), summary }
    }
}

impl Detail {
    pub(crate) fn new(post: Post, beside: Neighbours) -> Self {
        Self {
            raw_url: post.summary.path.raw_url(),
            item: post.summary.into(),
            description: post.description,
            keywords: post.keywords,
            outline: post.outline,
            previous: beside.previous.map(Item::from),
            next: beside.next.map(Item::from),
        }
    }
}

impl From<&CurrentRelease> for Release {
    fn from(release: &CurrentRelease) -> Self {
        let CurrentRelease { seq, id, posts, at } = release;
        Self { id: id.to_string(), number: seq.0, posts: *posts, at: *at }
    }
}
