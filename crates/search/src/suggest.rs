//! What a reader may be about to type: titles and tags.

use crate::document::{Document, Field};
use crate::fold::{fold, is_word};
use crate::index::Index;
use domain::{PostSummary, Tag};
use memchr::memmem;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::sync::Arc;

/// Titles and tags that contain what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestions {
    /// Tags with their numbers of posts.
    pub tags: Vec<(Tag, usize)>,
    /// Posts whose titles contain it.
    pub posts: Vec<PostSummary>,
}

/// The titles and tags of a release, side by side.
#[derive(Debug, Default)]
pub(crate) struct Titles {
    of_posts: Column,
    tags_of_posts: Column,
    /// Folded beside as written, the most used first.
    tags: Vec<(String, Tag, usize)>,
}

/// A field of all posts, in the order of lists: what is read of thousands of posts is not looked for
/// in each of them.
#[derive(Debug, Default)]
struct Column {
    /// Folded, a line feed after each.
    text: String,
    starts: Vec<u32>,
}

impl Column {
    fn of(order: &[Arc<Document>], field: Field) -> Self {
        let (mut text, mut starts) = (String::new(), Vec::with_capacity(order.len()));
        for document in order {
            starts.push(u32::try_from(text.len()).expect("fields are shorter than 4 GiB"));
            text.push_str(document.field(field));
            text.push('\n');
        }
        Self { text, starts }
    }

    /// That of the post with this place in the order of lists.
    fn at(&self, rank: u32) -> &str {
        let [start, end] = [rank as usize, rank as usize + 1].map(|rank| self.starts.get(rank));
        let end = end.map_or(self.text.len(), |end| *end as usize);
        start.map_or("", |start| &self.text[*start as usize..end - 1])
    }
}

impl Titles {
    pub(crate) fn of(order: &[Arc<Document>]) -> Self {
        let mut counts: FxHashMap<&Tag, usize> = FxHashMap::default();
        for tag in order.iter().flat_map(|document| &document.summary.tags) {
            *counts.entry(tag).or_default() += 1;
        }
        let mut tags: Vec<_> = counts
            .into_iter()
            .map(|(tag, posts)| (fold(tag.as_str()), tag.clone(), posts))
            .collect();
        tags.sort_unstable_by(|one, other| (other.2, &one.1).cmp(&(one.2, &other.1)));
        let [of_posts, tags_of_posts] =
            [Field::Title, Field::Tags].map(|field| Column::of(order, field));
        Self { of_posts, tags_of_posts, tags }
    }

    /// Every tag with its number of posts; the most used first, then by name.
    pub(crate) fn counted_tags(&self) -> impl ExactSizeIterator<Item = (&Tag, usize)> {
        self.tags.iter().map(|(_, tag, posts)| (tag, *posts))
    }

    /// The folded title of the post that has this place in the order of lists.
    pub(crate) fn title(&self, rank: u32) -> &str {
        self.of_posts.at(rank)
    }

    /// Its folded tags, one a line.
    pub(crate) fn tags(&self, rank: u32) -> &str {
        self.tags_of_posts.at(rank)
    }
}

/// How `typed` stands in a text at `at`: 0 at its beginning, 1 at the beginning of a word, 2 inside
/// one.
fn place(text: &str, at: usize) -> u8 {
    match text[..at].chars().next_back() {
        None | Some('\n') => 0,
        Some(before) if !is_word(before) || !text[at..].starts_with(is_word) => 1,
        Some(_) => 2,
    }
}

impl Index {
    /// At most `limit` tags and `limit` titles that contain `typed`: first those that begin with
    /// it, then those where a word does; the most used tags and the newest posts first.
    #[must_use]
    pub fn suggest(&self, typed: &str, limit: usize) -> Suggestions {
        let typed = fold(typed);
        if typed.is_empty() {
            return Suggestions { tags: Vec::new(), posts: Vec::new() };
        }
        let Titles { of_posts: Column { text, starts }, tags, .. } = &self.titles;
        let finder = memmem::Finder::new(&typed);
        let mut tags: Vec<_> = tags
            .iter()
            .filter_map(|(folded, tag, posts)| {
                let at = finder.find(folded.as_bytes())?;
                Some((place(folded, at), tag, *posts))
            })
            .collect();
        tags.sort_by_key(|(place, _, posts)| (*place, Reverse(*posts)));
        let mut titles: Vec<(u8, usize)> = Vec::new();
        for at in finder.find_iter(text.as_bytes()) {
            let rank = starts.partition_point(|start| *start as usize <= at) - 1;
            let place = place(text, at);
            match titles.last_mut() {
                Some(last) if last.1 == rank => last.0 = last.0.min(place),
                _ => titles.push((place, rank)),
            }
        }
        titles.sort_by_key(|(place, rank)| (*place, *rank));
        let posts = titles.into_iter().take(limit);
        Suggestions {
            tags: tags
                .into_iter()
                .take(limit)
                .map(|(_, tag, posts)| (tag.clone(), posts))
                .collect(),
            posts: posts.map(|(_, rank)| self.order[rank].summary.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_kit::post;

    #[test]
    fn beginnings_come_before_words_and_words_before_their_insides() {
        let mut posts = Vec::new();
        for (index, title) in
            ["Algorithms", "Learn Go", "Go 與緩存", "缓存", "Go again"].into_iter().enumerate()
        {
            let tags: &[&str] = if index < 2 { &["Golang"] } else { &["django", "Go"] };
            let mut post = post(&format!("p{index}"), &format!("2026-01-0{}", 9 - index), tags, 1);
            post.summary.title = title.into();
            posts.push(post);
        }
        let index = Index::build(posts);
        let titles = |typed: &str| -> Vec<String> {
            let found = index.suggest(typed, 10);
            found.posts.into_iter().map(|post| post.title).collect()
        };

        assert_eq!(titles("go"), ["Go 與緩存", "Go again", "Learn Go", "Algorithms"]);
        assert_eq!(titles("缓"), ["缓存", "Go 與緩存"]);
        let tags = index.suggest("GO", 10).tags;
        let tags: Vec<_> = tags.iter().map(|(tag, posts)| (tag.as_str(), *posts)).collect();
        assert_eq!(tags, [("Go", 3), ("Golang", 2), ("django", 3)]);
        assert_eq!(index.suggest("go", 1).posts.len(), 1);
        assert!(titles(" ").is_empty() && titles("again\ngo").is_empty());
    }
}
