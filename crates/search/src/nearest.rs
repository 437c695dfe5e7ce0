//! Which posts a reader may have meant whose address leads nowhere.
//!
//! Two addresses are compared by the pairs of characters in them, folded as for searching: twice what
//! they share, by what both have (Dice's coefficient). The last segments count three quarters, the
//! whole paths one. Below one half, nobody would see what the two have in common.

use crate::fold::fold;
use crate::index::Index;
use domain::{PostPath, PostSummary};

/// Less is chance.
const LEAST: f32 = 0.5;
/// No address of a post is longer.
const MAX_CHARS: usize = PostPath::MAX_BYTES;

/// The pairs of characters of an address, sorted.
#[derive(Debug)]
pub(crate) struct Address {
    name: Box<[u32]>,
    whole: Box<[u32]>,
}

impl Address {
    /// Of a decoded path, with or without `/` and what a page's file may end in.
    pub(crate) fn of(route: &str) -> Self {
        let route: String = route.chars().take(MAX_CHARS).collect();
        let route = fold(route.trim_matches('/'));
        let endings = [".md", ".html", ".htm"];
        let ending = endings.into_iter().find_map(|ending| route.strip_suffix(ending));
        let route = ending.unwrap_or(&route);
        let name = route.rsplit('/').next().unwrap_or_default();
        Self { name: pairs(name), whole: pairs(route) }
    }

    /// From 0, nothing in common, to 1, the same.
    fn likeness(&self, other: &Self) -> f32 {
        0.75 * dice(&self.name, &other.name) + 0.25 * dice(&self.whole, &other.whole)
    }
}

/// Every two neighbours, and the first with the beginning.
fn pairs(text: &str) -> Box<[u32]> {
    let before = std::iter::once('\n').chain(text.chars());
    let pair = |(one, other): (char, char)| u32::from(one).rotate_left(16) ^ u32::from(other);
    let mut pairs: Vec<u32> = before.zip(text.chars()).map(pair).collect();
    pairs.sort_unstable();
    pairs.into_boxed_slice()
}

#[expect(clippy::cast_precision_loss, reason = "an address is shorter than 2^24 characters")]
fn dice(mut one: &[u32], mut other: &[u32]) -> f32 {
    let all = one.len() + other.len();
    let mut shared = 0_usize;
    while let ([first, one_rest @ ..], [second, other_rest @ ..]) = (one, other) {
        shared += usize::from(first == second);
        (one, other) = match first.cmp(second) {
            std::cmp::Ordering::Less => (one_rest, other),
            std::cmp::Ordering::Equal => (one_rest, other_rest),
            std::cmp::Ordering::Greater => (one, other_rest),
        };
    }
    if all == 0 { 0.0 } else { (2 * shared) as f32 / all as f32 }
}

impl Index {
    /// At most `limit` posts whose addresses look like `route`, a decoded path, the likest first and
    /// of equal ones the newest.
    #[must_use]
    pub fn near(&self, route: &str, limit: usize) -> Vec<&PostSummary> {
        let asked = Address::of(route);
        let mut found: Vec<(f32, u32)> = (0..)
            .zip(&self.order)
            .map(|(rank, document)| (asked.likeness(&document.address), rank))
            .filter(|(likeness, _)| *likeness >= LEAST)
            .collect();
        found.sort_unstable_by(|(one, rank), (other, others_rank)| {
            other.total_cmp(one).then(rank.cmp(others_rank))
        });
        found.into_iter().take(limit).map(|(_, rank)| &self.order[rank as usize].summary).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_kit::post;

    #[test]
    fn a_mistyped_or_moved_address_leads_to_its_post_and_a_foreign_one_nowhere() {
        let names = ["191013-使用Gitlab-CI部署集群", "191014-Redis缓存", "200101-Redis"];
        let posts = names.map(|name| post(name, "2019-10-13", &[], 1));
        let index = Index::build(posts.into());
        let nearest = |route: &str| index.near(route, 1).first().map(|post| post.path.file_stem());

        assert_eq!(nearest("/blog/191013-使用gitlab-ci部署"), Some(names[0]));
        assert_eq!(nearest("/blog/page/2019/191014-redis緩存.html"), Some(names[1]));
        assert_eq!(nearest("/old/191014-Redis缓存/"), Some(names[1]));
        assert_eq!(nearest("/blog/redis"), Some(names[2]));
        for nothing in ["", "/", "/wp-login.php", "/blog/", "/.env", "/blog/221109-foo"] {
            assert_eq!(nearest(nothing), None, "{nothing}");
        }
    }
}
