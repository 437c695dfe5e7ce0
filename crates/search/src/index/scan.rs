//! What is found beside what a plain scan of all posts finds.

use super::*;
use crate::document::Field;
use crate::score::{EXACT_TITLE, worth};
use proptest::prelude::*;
use test_kit::{Lot, post};

/// So few that characters, pairs and longer pieces are rare, frequent and in nearly every post.
const PIECES: [&str; 18] = [
    "缓", "存", "缓存", "的", "的", "，", "a", "b", "Ab", "fn", "get", "(", ").", ".", "_", "1",
    " ", "……",
];

fn text(lot: &mut Lot, pieces: usize) -> String {
    let mut piece = || {
        // The first ones more often.
        let end = 1 + lot.below(PIECES.len());
        PIECES[lot.below(end)]
    };
    (0..pieces).map(|_| piece()).collect()
}

fn posts(lot: &mut Lot, count: usize) -> Vec<Post> {
    let one = |number: usize| {
        let day = format!("2026-{:02}-{:02}", 1 + lot.below(12), 1 + lot.below(28));
        let mut post = post(&format!("p{number}"), &day, &[], 1);
        let tags = [text(lot, 2), text(lot, 1)];
        post.summary.tags = tags.iter().filter_map(|tag| Tag::parse(tag).ok()).collect();
        post.summary.title = text(lot, 3);
        post.summary.brev = text(lot, 3);
        post.detail.outline[0].text = text(lot, 3);
        post.detail.outline.truncate(1);
        post.text = text(lot, 30);
        post
    };
    (0..count).map(one).collect()
}

/// One or two pieces of `posts`, and sometimes another that must not be there.
fn query(lot: &mut Lot, posts: &[Post]) -> String {
    let part = |lot: &mut Lot| {
        let summary = &posts[lot.below(posts.len())].summary;
        let text = [&summary.title, &summary.brev, &posts[lot.below(posts.len())].text];
        let (field, length) = (lot.below(8).min(2), 1 + lot.below(9));
        crate::phrase(&lot.piece(text[field], length))
    };
    let mut query = part(lot);
    if lot.below(3) == 0 {
        query = format!("{query} {}", part(lot));
    }
    if lot.below(4) == 0 { format!("{query} -{}", part(lot)) } else { query }
}

/// The names of all posts that a scan finds, the best first.
fn scanned(posts: &[Post], query: &str) -> Vec<String> {
    let query = Query::parse(query);
    let mut posts = posts.to_vec();
    posts.sort_by(|one, other| one.summary.newest_first(&other.summary));
    let points = |document: &Document| {
        let best = |term: &Term| {
            let contains = |field: &Field| document.field(*field).contains(&term.text);
            Field::ALL.into_iter().find(contains)
        };
        if query.is_empty() || query.excluded.iter().any(|term| best(term).is_some()) {
            return None;
        }
        let exact = (document.field(Field::Title) == query.whole()).then_some(EXACT_TITLE);
        query.terms.iter().try_fold(exact.unwrap_or(0), |points, term| {
            let field = best(term)?;
            Some(points + worth(term, field, || document.field(field)))
        })
    };
    let documents = posts.into_iter().map(Document::new);
    let mut found: Vec<_> = documents
        .filter_map(|document| Some((points(&document)?, document.summary.path.to_string())))
        .collect();
    found.sort_by_key(|(points, _)| Reverse(*points));
    found.into_iter().map(|(_, path)| path).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_query_finds_what_a_scan_finds(seed: u64, count in 1usize..400) {
        let mut lot = Lot::new(seed);
        let mut posts = posts(&mut lot, count);
        let old = Index::build(posts.clone());
        let gone = posts.split_off(count - count / 9);
        for post in posts.iter_mut().take(count / 7) {
            post.text = text(&mut lot, 30);
            post.hash = domain::ContentHash::new([7; 32]);
        }
        let wanted = |post: &Post| VisiblePost { path: post.summary.path.clone(), hash: post.hash };
        let mut update = old.update(&posts.iter().map(wanted).collect::<Vec<_>>());
        update.add(posts[..count / 7].to_vec());
        let index = update.finish();
        prop_assert!(gone.iter().all(|post| index.post(&post.summary.path).is_none()));

        for _ in 0..60 {
            let query = query(&mut lot, &posts);
            let expected = scanned(&posts, &query);
            for (offset, limit) in [(0, 10), (2, 3), (0, usize::MAX)] {
                let found = index.search(&query, None, offset, limit);
                if found.corrected.is_some() {
                    prop_assert!(expected.is_empty());
                    continue;
                }
                let paths = found.hits.iter().map(|hit| hit.post.path.to_string());
                prop_assert_eq!(found.total, expected.len(), "{}", query);
                let page = expected.iter().skip(offset).take(limit);
                prop_assert!(paths.eq(page.cloned()), "{} {} {}", query, offset, limit);
            }
        }
    }
}
