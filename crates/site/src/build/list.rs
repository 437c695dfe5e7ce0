//! The lists: home, tags, series, archive.

use super::Pages;
use crate::SiteError;
use crate::item::{self, Item};
use crate::page::{Frame, encoded, value, values};
use domain::Tag;
use minijinja::context;
use minijinja::value::Value;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Entries of one line on a page of a tag; more are on the next.
const LINES: usize = 200;

/// The series of a site, by name, the oldest post first.
pub(super) type Series<'a> = BTreeMap<&'a str, Vec<Arc<Item>>>;

pub(super) fn series(items: &[Arc<Item>]) -> Series<'_> {
    let mut series = Series::new();
    for item in items.iter().rev() {
        if let Some(name) = &item.post.series {
            series.entry(name).or_default().push(Arc::clone(item));
        }
    }
    series
}

impl Pages {
    pub(super) fn home(&mut self, items: &[Arc<Item>], frame: &Frame) -> Result<(), SiteError> {
        let first = "/".to_owned();
        let url = |number: usize| match number {
            1 => first.clone(),
            number => format!("/page/{number}"),
        };
        // Search engines want a sentence: without one of the writer's, what there is to read.
        let newest: Vec<&str> = items.iter().take(3).map(|item| &*item.post.title).collect();
        let described = !frame.settings.description.is_empty();
        let own = if described {
            Value::UNDEFINED
        } else {
            context! { description => newest.join(" · ") }
        };
        self.paged(items, frame.settings.page_size, frame, "home.html", url, &own)
    }

    /// Writes `items`, so many on a page, with links from each page to the ones beside it.
    fn paged(
        &mut self,
        items: &[Arc<Item>],
        size: usize,
        frame: &Frame,
        template: &str,
        route: impl Fn(usize) -> String,
        own: &Value,
    ) -> Result<(), SiteError> {
        let count = items.len().div_ceil(size);
        for (index, posts) in items.chunks(size).enumerate() {
            let number = index + 1;
            let beside = |number: usize| encoded(&route(number));
            let context = context! {
                posts => values(posts),
                number,
                count,
                newer => (number > 1).then(|| beside(number - 1)),
                older => (number < count).then(|| beside(number + 1)),
                total => items.len(),
            };
            let context = if own.is_undefined() {
                context
            } else {
                context! { ..context, ..own.clone() }
            };
            let page = frame.page(template, &encoded(&route(number)), context)?;
            self.html(route(number), page);
        }
        Ok(())
    }

    pub(super) fn tags(&mut self, items: &[Arc<Item>], frame: &Frame) -> Result<(), SiteError> {
        let mut tagged: BTreeMap<&Tag, Vec<Arc<Item>>> = BTreeMap::new();
        for item in items {
            for tag in &item.post.tags {
                tagged.entry(tag).or_default().push(Arc::clone(item));
            }
        }
        for (tag, items) in &tagged {
            let route = |number: usize| match number {
                1 => tag.route(),
                number => format!("{}/page/{number}", tag.route()),
            };
            self.paged(items, LINES, frame, "tag.html", route, &context! { tag => tag.as_str() })?;
        }
        let mut counts: Vec<_> = tagged.iter().map(|(tag, items)| (*tag, items.len())).collect();
        counts.sort_by_key(|(tag, posts)| (Reverse(*posts), *tag));
        let counts: Vec<Value> = counts
            .into_iter()
            .map(|(tag, count)| context! { name => tag.as_str(), url => tag.url(), count })
            .collect();
        let page = frame.page("tags.html", "/tags", context! { tags => counts })?;
        self.html("/tags".into(), page);
        Ok(())
    }

    pub(super) fn series(&mut self, series: &Series, frame: &Frame) -> Result<(), SiteError> {
        let mut all = Vec::new();
        for (name, items) in series {
            let Some((_, url)) = item::series(name) else { continue };
            all.push(context! { name => *name, url, posts => values(items) });
        }
        if all.is_empty() {
            return Ok(());
        }
        let page = frame.page("series.html", "/series", context! { series => all.clone() })?;
        self.html("/series".into(), page);
        for ((route, url), entry) in series.keys().filter_map(|name| item::series(name)).zip(all) {
            let context = context! { series => vec![entry.clone()], one => entry };
            self.html(route, frame.page("series.html", &url, context)?);
        }
        Ok(())
    }

    pub(super) fn archive(&mut self, items: &[Arc<Item>], frame: &Frame) -> Result<(), SiteError> {
        let by_year = items.chunk_by(|one, other| one.post.date.year() == other.post.date.year());
        let years: Vec<Value> = by_year
            .map(|items| {
                let months = items
                    .chunk_by(|one, other| one.post.date.month() == other.post.date.month())
                    .map(|items| context! { month => items[0].post.date.month(), posts => values(items) });
                let months: Vec<Value> = months.collect();
                context! { year => value(&items[0]).get_attr("year").unwrap_or_default(), months, count => items.len() }
            })
            .collect();
        let context = context! { years, total => items.len() };
        self.html("/archive".into(), frame.page("archive.html", "/archive", context)?);
        Ok(())
    }
}
