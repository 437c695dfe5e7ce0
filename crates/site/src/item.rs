//! A post as lists and pages show it.

use domain::{PostSummary, Tag};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use minijinja::value::{Object, Value};
use std::sync::Arc;

/// A post as templates see it: every attribute is made when it is asked for.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) post: PostSummary,
    /// The day on which it was changed, if that is not the day on which it was published.
    updated: Option<Date>,
}

impl Item {
    pub(crate) fn new(post: &PostSummary, zone: &TimeZone) -> Self {
        let day = |at: jiff::Timestamp| at.to_zoned(zone.clone()).date();
        let updated = post.updated.map(day).filter(|day| *day != post.date);
        Self { post: post.clone(), updated }
    }

    /// The instant of its last change.
    pub(crate) fn modified(&self) -> jiff::Timestamp {
        self.post.updated.unwrap_or(self.post.published_at)
    }
}

impl Object for Item {
    fn is_true(self: &Arc<Self>) -> bool {
        // Its attributes cannot be listed, which would pass for an empty map.
        true
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let post = &self.post;
        Some(match key.as_str()? {
            "title" => post.title.as_str().into(),
            "url" => post.path.url().into(),
            "raw_url" => post.path.raw_url().into(),
            "path" => post.path.as_str().into(),
            "brev" => post.brev.as_str().into(),
            "date" => post.date.to_string().into(),
            "year" => post.date.year().into(),
            "month" => post.date.month().into(),
            "day" => format!("{:02}-{:02}", post.date.month(), post.date.day()).into(),
            "published" => post.published_at.to_string().into(),
            "updated" => self.updated?.to_string().into(),
            "modified" => self.modified().to_string().into(),
            "tags" => post.tags.iter().map(tag).collect(),
            "series" => post.series.as_deref()?.into(),
            "series_url" => series(post.series.as_deref()?)?.1.into(),
            "words" => post.words.into(),
            "minutes" => post.minutes.into(),
            "lang" => post.lang.as_str().into(),
            _ => return None,
        })
    }
}

/// A tag as templates see it.
pub(crate) fn tag(tag: &Tag) -> Value {
    minijinja::context! { name => tag.as_str(), url => tag.url() }
}

/// The route and URL of the series `name`, if an address can be made of it: as of a tag.
pub(crate) fn series(name: &str) -> Option<(String, String)> {
    let tag = Tag::parse(name).ok()?;
    let (route, url) = (tag.route(), tag.url());
    let of = |text: &str| text.strip_prefix("/tags").map(|rest| format!("/series{rest}"));
    Some((of(&route)?, of(&url)?))
}
