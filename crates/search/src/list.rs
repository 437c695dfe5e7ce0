//! Lists of posts, and how many posts have what.

use crate::document::Document;
use crate::index::Index;
use domain::{Cursor, PostSummary, Tag};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which posts a list holds: what is set must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Posts with this tag.
    pub tag: Option<Tag>,
    /// Posts of this year, in the site's time zone.
    pub year: Option<i16>,
    /// Posts of this series.
    pub series: Option<String>,
}

impl Filter {
    fn holds(&self, post: &PostSummary) -> bool {
        self.tag.as_ref().is_none_or(|tag| post.tags.contains(tag))
            && self.year.is_none_or(|year| post.date.year() == year)
            && self.series.as_ref().is_none_or(|series| post.series.as_ref() == Some(series))
    }
}

impl Index {
    /// The posts that `filter` lets through, newest first; those behind the place `after`, if there
    /// is one.
    ///
    /// ```
    /// use domain::Cursor;
    /// use search::{Filter, Index};
    ///
    /// let index = Index::build(test_kit::posts(3, 1));
    /// let filter = Filter::default();
    /// let newest = index.list(&filter, None).next().unwrap();
    /// assert_eq!(newest.title, "Title of p002");
    /// let others = index.list(&filter, Some(&Cursor::from(newest)));
    /// assert_eq!(others.count(), 2);
    /// ```
    pub fn list<'a>(
        &'a self,
        filter: &'a Filter,
        after: Option<&Cursor>,
    ) -> impl Iterator<Item = &'a PostSummary> + use<'a> {
        let is_listed = |document: &Arc<Document>| {
            after.is_some_and(|place| !place.is_before(&document.summary))
        };
        let start = self.order.partition_point(is_listed);
        let posts = self.order[start..].iter().map(|document| &document.summary);
        posts.filter(|post| filter.holds(post))
    }

    /// Every tag with its number of posts; the most used first, then by name.
    #[must_use]
    pub fn tags(&self) -> impl ExactSizeIterator<Item = (&Tag, usize)> {
        self.titles.counted_tags()
    }

    /// Every year in the site's time zone with its number of posts, newest first.
    #[must_use]
    pub fn years(&self) -> impl ExactSizeIterator<Item = (i16, usize)> {
        counted(self.posts().map(|post| post.date.year())).into_iter().rev()
    }

    /// Every series with its number of posts, by name.
    #[must_use]
    pub fn series(&self) -> impl ExactSizeIterator<Item = (&str, usize)> {
        counted(self.posts().filter_map(|post| post.series.as_deref())).into_iter()
    }
}

fn counted<T: Ord>(values: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_kit::{post, posts};

    fn names<'a>(posts: impl Iterator<Item = &'a PostSummary>) -> Vec<&'a str> {
        posts.map(|post| post.path.file_stem()).collect()
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let mut all = posts(7, 1);
        // Two of one instant, so that a page can break between them.
        all.insert(3, post("p003-twin", "2020-01-04", &["odd"], 1));
        all.sort_by(|one, other| one.summary.newest_first(&other.summary));
        let expected: Vec<_> = all.iter().map(|post| post.summary.clone()).collect();
        let (index, filter) = (Index::build(all), Filter::default());

        let mut listed: Vec<PostSummary> = Vec::new();
        loop {
            let after = listed.last().map(Cursor::from);
            let page: Vec<_> = index.list(&filter, after.as_ref()).take(2).cloned().collect();
            if page.is_empty() {
                break;
            }
            listed.extend(page);
        }

        assert_eq!(listed, expected);
        // The place of a post that is gone.
        let gone = post("p003-gone", "2020-01-04", &[], 1);
        let behind = index.list(&filter, Some(&Cursor::from(&gone.summary)));
        assert_eq!(names(behind), ["p003-twin", "p003", "p002", "p001", "p000"]);
    }

    #[test]
    fn filters_hold_together() {
        let mut all = posts(4, 1);
        all.push(post("old", "2019-12-31", &["even"], 1));
        all[0].summary.series = Some("ink".into());
        let index = Index::build(all);
        let list = |filter: Filter| names(index.list(&filter, None)).join(" ");

        let even = Some(Tag::parse("even").unwrap());
        assert_eq!(list(Filter { tag: even.clone(), ..Filter::default() }), "p002 p000 old");
        let both = Filter { tag: even, year: Some(2019), ..Filter::default() };
        assert_eq!(list(both), "old");
        let series = Filter { series: Some("ink".into()), ..Filter::default() };
        assert_eq!(list(series), "p003");
        assert_eq!(list(Filter { year: Some(1), ..Filter::default() }), "");
    }

    #[test]
    fn tags_years_and_series_are_counted() {
        let mut all = posts(3, 1);
        all[2].summary.series = Some("ink".into());
        all.push(post("old", "2019-12-31", &["all"], 1));
        let index = Index::build(all);

        let tags: Vec<_> = index.tags().map(|(tag, posts)| format!("{tag} {posts}")).collect();
        assert_eq!(tags, ["all 4", "even 2", "odd 1"]);
        assert_eq!(index.years().collect::<Vec<_>>(), [(2020, 3), (2019, 1)]);
        assert_eq!(index.series().collect::<Vec<_>>(), [("ink", 1)]);
        assert_eq!(Index::default().years().len(), 0);
    }
}
