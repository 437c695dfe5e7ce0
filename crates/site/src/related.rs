//! Which posts a reader of one may want to read next: those that share rare tags with it.

use domain::{PostSummary, Tag};
use std::collections::HashMap;

/// How many posts of a tag before and after one are compared with it, so that a tag of ten
/// thousand posts costs no more than one of a hundred.
const NEIGHBOURS: usize = 50;

/// The posts by tag, in the order of lists.
pub(crate) struct Related<'a> {
    tags: HashMap<&'a Tag, Vec<usize>>,
    posts: Vec<&'a PostSummary>,
}

impl<'a> Related<'a> {
    pub(crate) fn new(posts: Vec<&'a PostSummary>) -> Self {
        let mut tags: HashMap<&Tag, Vec<usize>> = HashMap::new();
        for (index, post) in posts.iter().enumerate() {
            for tag in &post.tags {
                tags.entry(tag).or_default().push(index);
            }
        }
        Self { tags, posts }
    }

    /// At most `count` posts that have most in common with the post `index`. Those beside it in the
    /// list and those of its series are linked to already, so they are left out.
    pub(crate) fn to(&self, index: usize, count: usize) -> Vec<usize> {
        let post = self.posts[index];
        let mut scores: HashMap<usize, f64> = HashMap::new();
        for tag in &post.tags {
            let Some(tagged) = self.tags.get(tag) else { continue };
            let own = tagged.partition_point(|other| *other < index);
            let near = &tagged[own.saturating_sub(NEIGHBOURS)..tagged.len().min(own + NEIGHBOURS)];
            #[expect(clippy::cast_precision_loss, reason = "a blog has fewer than 2^52 posts")]
            let rarity = (1.0 + self.posts.len() as f64 / tagged.len() as f64).ln();
            for other in near {
                *scores.entry(*other).or_default() += rarity;
            }
        }
        let is_linked = |other: usize| {
            let theirs = self.posts[other];
            other.abs_diff(index) <= 1 || (post.series.is_some() && post.series == theirs.series)
        };
        let mut found: Vec<(usize, f64)> =
            scores.into_iter().filter(|(other, _)| !is_linked(*other)).collect();
        // A post in another language is of less use; then the nearer in time, then the order of lists.
        found.sort_by(|(one, score), (other, others_score)| {
            let is_foreign = |index: usize| self.posts[index].lang != post.lang;
            let distance = |other: usize| (other.abs_diff(index), other);
            is_foreign(*one)
                .cmp(&is_foreign(*other))
                .then(others_score.total_cmp(score))
                .then(distance(*one).cmp(&distance(*other)))
        });
        found.into_iter().take(count).map(|(other, _)| other).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(name: &str, tags: &[&str], series: Option<&str>) -> PostSummary {
        serde_json::from_value(serde_json::json!({
            "path": format!("{name}.md"), "title": name, "date": "2026-01-01",
            "published_at": "2026-01-01T00:00:00Z", "brev": "", "tags": tags, "series": series,
            "lang": "zh", "words": 1, "minutes": 1,
        }))
        .unwrap()
    }

    #[test]
    fn rare_tags_tell_more_and_what_is_linked_already_is_left_out() {
        let posts = [
            post("a", &["go", "rare"], Some("s")),
            post("beside", &["go", "rare"], None),
            post("common", &["go"], None),
            post("rare", &["rare"], None),
            post("series", &["go", "rare"], Some("s")),
            post("other", &["go"], None),
            post("nothing", &["css"], None),
        ];
        let related = Related::new(posts.iter().collect());

        assert_eq!(related.to(0, 3), [3, 2, 5]);
        assert_eq!(related.to(6, 3), [0; 0]);
    }
}
