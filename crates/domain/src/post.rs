//! A post, and the part of it that lists show.

pub(crate) mod cursor;
pub(crate) mod date;
pub(crate) mod outline;
pub(crate) mod path;
pub(crate) mod reader;

use crate::{ContentHash, Heading, PostPath, Tag};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// What lists show of a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostSummary {
    /// Where the post is.
    pub path: PostPath,
    /// The title, plain text.
    pub title: String,
    /// The day of publication in the site's time zone.
    pub date: Date,
    /// The instant of publication: the order of lists.
    pub published_at: Timestamp,
    /// When the writer last changed it, if the header says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// The summary; may be empty.
    pub brev: String,
    /// In the order of the header.
    pub tags: Vec<Tag>,
    /// The series it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// BCP 47 language of the text.
    pub lang: String,
    /// Words: each Chinese character counts as one.
    pub words: u32,
    /// Minutes that reading takes, at least 1.
    pub minutes: u32,
}

/// What the page of a post shows beside its summary and its text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostDetail {
    /// For search engines, if it differs from the summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// For search engines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// The headings, in order.
    pub outline: Vec<Heading>,
}

/// One published post, as a release carries it and the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// What lists show.
    #[serde(flatten)]
    pub summary: PostSummary,
    /// What its page shows beside that.
    #[serde(flatten)]
    pub detail: PostDetail,
    /// The body as plain text, for search.
    pub text: String,
    /// Hash of all the rest: two posts with one hash are the same version.
    pub hash: ContentHash,
}

impl PostSummary {
    /// The order of every list: newest first, then by path, so that equal dates are stable.
    #[must_use]
    pub fn newest_first(&self, other: &Self) -> Ordering {
        newest_first((self.published_at, &self.path), (other.published_at, &other.path))
    }
}

fn newest_first(one: (Timestamp, &PostPath), other: (Timestamp, &PostPath)) -> Ordering {
    other.0.cmp(&one.0).then_with(|| one.1.cmp(other.1))
}

/// Whether a post may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody may read it.
    Published,
    /// The writer marked it as unfinished.
    Draft,
    /// It falls due at this instant.
    Scheduled(Timestamp),
}

/// The one rule by which everything that shows posts decides.
///
/// ```
/// use domain::{Visibility, visibility};
///
/// let noon = "2019-10-13T04:00:00Z".parse().unwrap();
/// let midnight = "2019-10-12T16:00:00Z".parse().unwrap();
/// assert_eq!(visibility(false, midnight, noon), Visibility::Published);
/// assert_eq!(visibility(false, noon, midnight), Visibility::Scheduled(noon));
/// assert_eq!(visibility(true, midnight, noon), Visibility::Draft);
/// ```
#[must_use]
pub fn visibility(is_draft: bool, published_at: Timestamp, now: Timestamp) -> Visibility {
    if is_draft {
        Visibility::Draft
    } else if published_at > now {
        Visibility::Scheduled(published_at)
    } else {
        Visibility::Published
    }
}
