//! The stored shape, apart from what the API shows: times are dates of the database, and every
//! version knows the releases in which it is visible.

use super::corrupt;
use domain::{
    ContentHash, CurrentRelease, Post, PostDetail, PostPath, PostSummary, ReleaseId, ReleaseSeq,
    StoreError, Tag,
};
use jiff::Timestamp;
use jiff::civil::Date;
use mongodb::bson::DateTime;
use serde::{Deserialize, Serialize};

/// One version of a post in `posts`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PostDocument {
    pub(super) since: i64,
    pub(super) until: Option<i64>,
    hash: ContentHash,
    #[serde(flatten)]
    summary: SummaryDocument,
    #[serde(flatten)]
    detail: PostDetail,
    text: String,
}

/// What lists need of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SummaryDocument {
    path: PostPath,
    title: String,
    date: Date,
    published_at: DateTime,
    updated: Option<DateTime>,
    brev: String,
    tags: Vec<Tag>,
    series: Option<String>,
    lang: String,
    words: u32,
    minutes: u32,
}

/// A release in `releases`; complete if `_id` is not beyond the pointer's `head`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ReleaseDocument {
    #[serde(rename = "_id")]
    pub(super) seq: i64,
    pub(super) id: ReleaseId,
    pub(super) posts: i64,
    pub(super) at: DateTime,
}

/// The one document of `current`: what readers see, the newest complete release, the next number.
/// The lease stands in it too, and is judged by the database alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PointerDocument {
    #[serde(rename = "_id")]
    key: String,
    seq: Option<i64>,
    id: Option<ReleaseId>,
    posts: Option<i64>,
    at: Option<DateTime>,
    pub(super) head: i64,
    pub(super) next_seq: i64,
}

impl PostDocument {
    /// A version that is visible from release `since` on.
    pub(super) fn new(post: &Post, since: ReleaseSeq) -> Self {
        let summary = &post.summary;
        Self {
            since: since.0,
            until: None,
            hash: post.hash,
            summary: SummaryDocument {
                path: summary.path.clone(),
                title: summary.title.clone(),
                date: summary.date,
                published_at: stored(summary.published_at),
                updated: summary.updated.map(stored),
                brev: summary.brev.clone(),
                tags: summary.tags.clone(),
                series: summary.series.clone(),
                lang: summary.lang.clone(),
                words: summary.words,
                minutes: summary.minutes,
            },
            detail: post.detail.clone(),
            text: post.text.clone(),
        }
    }

    /// The post.
    pub(super) fn into_post(self) -> Result<Post, StoreError> {
        Ok(Post {
            summary: self.summary.into_summary()?,
            detail: self.detail,
            text: self.text,
            hash: self.hash,
        })
    }
}

impl SummaryDocument {
    /// The summary.
    pub(super) fn into_summary(self) -> Result<PostSummary, StoreError> {
        let published_at = read(self.published_at, self.path.as_str())?;
        let updated = self.updated.map(|at| read(at, self.path.as_str())).transpose()?;
        Ok(PostSummary {
            path: self.path,
            title: self.title,
            date: self.date,
            published_at,
            updated,
            brev: self.brev,
            tags: self.tags,
            series: self.series,
            lang: self.lang,
            words: self.words,
            minutes: self.minutes,
        })
    }
}

impl ReleaseDocument {
    /// A release that is being registered.
    pub(super) fn new(seq: i64, id: ReleaseId, posts: u64) -> Self {
        let posts = i64::try_from(posts).unwrap_or(i64::MAX);
        Self { seq, id, posts, at: stored(Timestamp::now()) }
    }

    /// The release.
    pub(super) fn into_release(self) -> Result<CurrentRelease, StoreError> {
        Ok(CurrentRelease {
            seq: ReleaseSeq(self.seq),
            id: self.id,
            posts: self.posts.unsigned_abs(),
            at: read(self.at, "release")?,
        })
    }
}

impl PointerDocument {
    /// The `_id` of the one document.
    pub(super) const KEY: &str = "current";

    /// What readers see, if anything was ever registered.
    pub(super) fn into_release(self) -> Result<Option<CurrentRelease>, StoreError> {
        let (Some(seq), Some(id), Some(posts), Some(at)) = (self.seq, self.id, self.posts, self.at)
        else {
            return Ok(None);
        };
        ReleaseDocument { seq, id, posts, at }.into_release().map(Some)
    }
}

/// A time as the database keeps it, to the millisecond.
pub(super) fn stored(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millisecond())
}

/// The time that the database keeps as `at`.
pub(super) fn read(at: DateTime, what: &str) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(at.timestamp_millis()).map_err(|error| corrupt(what, error))
}
