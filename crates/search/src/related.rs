//! Which posts a reader of one may want to read next.
//!
//! How much two posts have in common is the cosine of what their terms are worth. A term's worth in a
//! post is its weight there (`profile.rs`) times its rarity, ln(1 + posts / posts that have it); what
//! stands only in headings and text, and in more than a quarter of all posts, is worth nothing. The
//! 24 terms of each post that are worth most are compared. A post in another language counts half.
//! Of equally related ones the nearer in the order of lists comes first.
//!
//! What needs all posts, rarities and the posts of each term, is computed once for a release; what is
//! related to one post, when somebody first asks. So a release with one new post is not held up by
//! comparing ten thousand old ones anew.

use crate::document::Document;
use crate::index::Index;
use crate::profile::{Term, Weighed};
use domain::{PostPath, PostSummary};
use rustc_hash::FxHashMap;
use std::sync::{Arc, OnceLock};

/// So many posts are related to one at most.
pub const MAX_RELATED: usize = 20;

/// Terms by which a post is compared with others.
const SIGNATURE: usize = 24;
/// So many posts of a term before and after one are compared with it, so that a tag of ten thousand
/// posts costs no more than one of a thousand.
const BESIDE: usize = 256;

/// What a term is worth in a post.
#[derive(Debug, Clone, Copy)]
struct Worth {
    term: Term,
    /// Of the post, in the order of lists.
    rank: u32,
    points: f32,
}

/// What the posts of a release are compared by.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    /// In the order of posts; those of each begin at its place in `starts`.
    by_post: Vec<Worth>,
    starts: Vec<usize>,
    /// In the order of terms, then of posts.
    by_term: Vec<Worth>,
    /// The places of the posts that are related to each, once somebody has asked for them.
    found: Box<[OnceLock<Box<[u32]>>]>,
}

impl Relations {
    pub(crate) fn of(order: &[Arc<Document>]) -> Self {
        let mut posts_with: FxHashMap<Term, u32> = FxHashMap::default();
        for weighed in order.iter().flat_map(|document| &document.profile) {
            *posts_with.entry(weighed.term()).or_default() += 1;
        }
        let (mut by_post, mut starts) = (Vec::with_capacity(order.len() * SIGNATURE), vec![0]);
        for (rank, document) in (0..).zip(order) {
            let mut all = Vec::with_capacity(document.profile.len());
            for weighed in &document.profile {
                let with = posts_with[&weighed.term()];
                let points = worth(*weighed, with, order.len());
                all.push((with, Worth { term: weighed.term(), rank, points }));
            }
            let length =
                all.iter().map(|(_, worth)| worth.points * worth.points).sum::<f32>().sqrt();
            all.retain(|(with, worth)| *with > 1 && worth.points > 0.0);
            all.sort_unstable_by(|(_, one), (_, other)| {
                other.points.total_cmp(&one.points).then(one.term.cmp(&other.term))
            });
            let signature = all.into_iter().take(SIGNATURE);
            by_post.extend(
                signature.map(|(_, worth)| Worth { points: worth.points / length, ..worth }),
            );
            starts.push(by_post.len());
        }
        let mut by_term = by_post.clone();
        by_term.sort_unstable_by_key(|worth| (worth.term, worth.rank));
        let found = order.iter().map(|_| OnceLock::new()).collect();
        Self { by_post, starts, by_term, found }
    }

    /// What each post has in common with the one at `rank`, if it has anything.
    fn scores(&self, rank: usize) -> FxHashMap<u32, f32> {
        let mut scores: FxHashMap<u32, f32> = FxHashMap::default();
        for own in &self.by_post[self.starts[rank]..self.starts[rank + 1]] {
            let first = self.by_term.partition_point(|other| other.term < own.term);
            let with = &self.by_term[first..];
            let with = &with[..with.partition_point(|other| other.term == own.term)];
            let here = with.partition_point(|other| other.rank < own.rank);
            for other in &with[here.saturating_sub(BESIDE)..with.len().min(here + BESIDE + 1)] {
                *scores.entry(other.rank).or_default() += own.points * other.points;
            }
        }
        scores.remove(&u32::try_from(rank).unwrap_or(u32::MAX));
        scores
    }
}

#[expect(clippy::cast_precision_loss, reason = "a blog has fewer than 2^24 posts")]
fn worth(weighed: Weighed, with: u32, posts: usize) -> f32 {
    if !weighed.is_chosen() && with as usize * 4 > posts {
        return 0.0;
    }
    f32::from(weighed.weight()) * (1.0 + posts as f32 / with as f32).ln()
}

impl Index {
    /// At most `limit` and [`MAX_RELATED`] posts that have most in common with the one at `path`; none
    /// if there is no post.
    #[must_use]
    pub fn related(&self, path: &PostPath, limit: usize) -> Vec<&PostSummary> {
        let Some(rank) = self.rank(path) else { return Vec::new() };
        let found = self.relations.found[rank as usize].get_or_init(|| self.find_related(rank));
        found.iter().take(limit).map(|other| &self.order[*other as usize].summary).collect()
    }

    fn find_related(&self, rank: u32) -> Box<[u32]> {
        let lang = &self.order[rank as usize].summary.lang;
        let document = |rank: u32| &self.order[rank as usize].summary;
        let scores = self.relations.scores(rank as usize);
        let mut found: Vec<(u32, f32)> = scores
            .into_iter()
            .map(|(other, score)| {
                let is_foreign = document(other).lang != *lang;
                (other, if is_foreign { score / 2.0 } else { score })
            })
            .collect();
        found.sort_unstable_by(|(one, score), (other, others_score)| {
            let distance = |other: u32| (other.abs_diff(rank), other);
            others_score.total_cmp(score).then(distance(*one).cmp(&distance(*other)))
        });
        found.into_iter().take(MAX_RELATED).map(|(other, _)| other).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Post;
    use test_kit::post;

    fn about(name: &str, day: u8, tags: &[&str], title: &str, text: &str) -> Post {
        let mut post = post(name, &format!("2026-01-{day:02}"), tags, 1);
        post.summary.title = title.into();
        post.summary.brev = String::new();
        post.detail.outline = Vec::new();
        post.text = text.into();
        post
    }

    fn blog() -> Vec<Post> {
        let cache = "缓存 缓存 穿透 穿透 雪崩 雪崩 ";
        let mut posts = vec![
            about("redis", 1, &["缓存"], "Redis缓存的写法", &cache.repeat(3)),
            about("memcached", 2, &["缓存"], "Memcached 与缓存穿透", &cache.repeat(2)),
            about("docker", 3, &["运维"], "Docker Swarm", "集群 部署 集群 部署"),
            about("k8s", 4, &["运维"], "Kubernetes", "集群 部署 集群 部署"),
            about("en", 5, &["缓存"], "Redis缓存 in English", &cache.repeat(3)),
        ];
        posts[4].summary.lang = "de".into();
        posts
            .extend((6..20).map(|day| about(&format!("x{day}"), day, &[], &format!("t{day}"), "")));
        posts
    }

    fn related(index: &Index, name: &str) -> Vec<String> {
        let path = PostPath::parse(&format!("blog/{name}.md")).unwrap();
        let found = index.related(&path, 10);
        found.into_iter().map(|post| post.path.file_stem().to_owned()).collect()
    }

    #[test]
    fn tags_and_text_relate_posts_and_another_language_less() {
        let index = Index::build(blog());

        assert_eq!(related(&index, "redis"), ["memcached", "en"]);
        assert_eq!(related(&index, "docker"), ["k8s"]);
        assert!(related(&index, "x7").is_empty());
        assert!(related(&index, "none").is_empty());
    }

    #[test]
    fn an_index_that_was_updated_relates_as_one_that_was_built() {
        let mut posts = blog();
        let old = Index::build(posts.clone());
        posts[3] = about("k8s", 4, &["缓存"], "Redis缓存", "缓存 缓存 穿透 穿透");
        posts[3].hash = domain::ContentHash::new([9; 32]);
        let wanted =
            |post: &Post| domain::VisiblePost { path: post.summary.path.clone(), hash: post.hash };
        let mut update = old.update(&posts.iter().map(wanted).collect::<Vec<_>>());
        update.add(vec![posts[3].clone()]);
        let (updated, built) = (update.finish(), Index::build(posts));

        for name in ["redis", "k8s", "docker"] {
            assert_eq!(related(&updated, name), related(&built, name), "{name}");
        }
        assert!(related(&updated, "docker").is_empty());
    }
}
