//! What answers are made of.

use crate::counter::Known;
use domain::{Counts, CurrentRelease, PostDetail, PostPath, PostSummary, Tag};
use jiff::Timestamp;
use jiff::civil::Date;
use search::Neighbours;
use serde::Serialize;
use utoipa::ToSchema;

/// A post in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PostItem)]
pub(crate) struct Item {
    /// Where its page is, percent-encoded, without an origin.
    #[schema(example = "/blog/2019/191014-Redis%E7%BC%93%E5%AD%98")]
    url: String,
    /// Its identity: where its Markdown is.
    #[schema(value_type = String, pattern = r"\.md$", example = "blog/2019/191014-Redis缓存.md")]
    path: PostPath,
    /// Plain text.
    #[schema(example = "Redis缓存的三种写法")]
    title: String,
    /// The day of publication in the blog's time zone.
    #[schema(value_type = String, format = Date, example = "2019-10-14")]
    date: Date,
    /// The instant of publication, by which lists are ordered.
    #[schema(value_type = String, format = DateTime, example = "2019-10-13T16:00:00Z")]
    published_at: Timestamp,
    /// When the writer last changed it; left out if the writer does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, example = "2020-02-01T12:00:00Z", required = false)]
    updated: Option<Timestamp>,
    /// The summary; may be empty.
    #[schema(example = "Cache aside, write through, write back.")]
    brev: String,
    /// In the writer's order.
    #[schema(value_type = Vec<String>, example = json!(["redis", "缓存"]))]
    tags: Vec<Tag>,
    /// The series it belongs to; left out if it belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "数据库笔记")]
    series: Option<String>,
    /// BCP 47 language of the text.
    #[schema(example = "zh-CN")]
    lang: String,
    /// Words; each Chinese character is one.
    #[schema(example = 1830)]
    words: u32,
    /// Minutes that reading takes.
    #[schema(minimum = 1, example = 6)]
    minutes: u32,
    /// Visitors and days on which it was opened; left out beside other posts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 128)]
    views: Option<u64>,
    /// Visitors and days on which it was liked; left out beside other posts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 3)]
    likes: Option<u64>,
}

/// One post.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Post)]
pub(crate) struct Detail {
    #[serde(flatten)]
    item: Item,
    /// Where its Markdown is, percent-encoded, without an origin.
    #[schema(example = "/blog/2019/191014-Redis%E7%BC%93%E5%AD%98.md")]
    raw_url: String,
    /// For search engines, if it differs from the summary.
    #[schema(required = true, example = json!(null))]
    description: Option<String>,
    /// For search engines.
    #[schema(example = json!(["redis"]))]
    keywords: Vec<String>,
    /// The headings, in order.
    outline: Vec<Heading>,
    /// The next older post.
    #[schema(required = true)]
    previous: Option<Item>,
    /// The next newer post.
    #[schema(required = true)]
    next: Option<Item>,
    /// Posts that have most in common with it, the most related first.
    related: Vec<Item>,
}

/// One heading of a post.
#[derive(Debug, Serialize, ToSchema)]
struct Heading {
    /// As in Markdown.
    #[schema(minimum = 1, maximum = 6, example = 2)]
    level: u8,
    /// Plain text.
    #[schema(example = "写穿")]
    text: String,
    /// The anchor, without `#`.
    #[schema(example = "写穿")]
    id: String,
}

/// The release that is served.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Release {
    /// A hash of all that is in it.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    id: String,
    /// It grows with each release that is registered.
    #[schema(example = 17)]
    number: i64,
    /// How many posts it has.
    #[schema(example = 287)]
    posts: u64,
    /// Since when readers see it.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T08:00:00Z")]
    at: Timestamp,
}

impl From<PostSummary> for Item {
    fn from(summary: PostSummary) -> Self {
        let PostSummary {
            path,
            title,
            date,
            published_at,
            updated,
            brev,
            tags,
            series,
            lang,
            words,
            minutes,
        } = summary;
        let (url, views, likes) = (path.url(), None, None);
        Self {
            url,
            path,
            title,
            date,
            published_at,
            updated,
            brev,
            tags,
            series,
            lang,
            words,
            minutes,
            views,
            likes,
        }
    }
}

impl Item {
    /// An item that shows its views and likes.
    pub(crate) fn counted(summary: &PostSummary, known: &Known) -> Self {
        let Counts { views, likes } = known.counts(&summary.path);
        Self { views: Some(views), likes: Some(likes), ..summary.clone().into() }
    }
}

impl From<domain::Heading> for Heading {
    fn from(heading: domain::Heading) -> Self {
        let domain::Heading { level, text, id } = heading;
        Self { level, text, id }
    }
}

impl Detail {
    pub(crate) fn new(
        post: &PostSummary,
        detail: PostDetail,
        beside: Neighbours<'_>,
        related: Vec<&PostSummary>,
        known: &Known,
    ) -> Self {
        let PostDetail { description, keywords, outline } = detail;
        let item = |post: &PostSummary| Item::from(post.clone());
        Self {
            raw_url: post.path.raw_url(),
            item: Item::counted(post, known),
            description,
            keywords,
            outline: outline.into_iter().map(Heading::from).collect(),
            previous: beside.previous.map(item),
            next: beside.next.map(item),
            related: related.into_iter().map(item).collect(),
        }
    }
}

impl From<&CurrentRelease> for Release {
    fn from(release: &CurrentRelease) -> Self {
        let CurrentRelease { seq, id, posts, at } = release;
        Self { id: id.to_string(), number: seq.0, posts: *posts, at: *at }
    }
}
