//! What answers are made of.

use crate::counter::Known;
use domain::{Counts, CurrentRelease, Heading, Neighbours, Post, PostSummary};
use jiff::Timestamp;
use serde::Serialize;

/// A post in a list.
#[derive(Debug, Serialize)]
pub(crate) struct Item {
    /// Where its page is.
    url: String,
    #[serde(flatten)]
    summary: PostSummary,
    /// Visitors and days on which it was opened, where it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    views: Option<u64>,
    /// Visitors and days on which it was liked, where it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    likes: Option<u64>,
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
        Self { url: summary.path.url(), summary, views: None, likes: None }
    }
}

impl Item {
    /// An item that shows its views and likes.
    pub(crate) fn counted(summary: PostSummary, known: &Known) -> Self {
        let Counts { views, likes } = known.counts(&summary.path);
        Self { views: Some(views), likes: Some(likes), ..summary.into() }
    }
}

impl Detail {
    pub(crate) fn new(post: Post, beside: Neighbours, known: &Known) -> Self {
        Self {
            raw_url: post.summary.path.raw_url(),
            item: Item::counted(post.summary, known),
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
