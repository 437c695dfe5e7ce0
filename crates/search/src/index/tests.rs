//! What is found, and in which order.

use super::*;
use test_kit::post;

fn index() -> Index {
    let mut posts = vec![
        post("three", "2026-03-01", &["ops"], 1),
        post("two", "2025-02-01", &["go"], 1),
        post("one", "2025-01-01", &["go", "C++"], 1),
    ];
    posts[0].text = "用 context.WithTimeout 结束一个 goroutine, k8s 與 Kubernetes".into();
    posts[1].text = "Redis缓存的三种写法，export GOPROXY=direct".into();
    posts[2].summary.title = "缓存与 C++".into();
    posts[2].text = "没有 café，《數據庫》".into();
    Index::build(posts)
}

fn found(query: &str, tag: Option<&str>) -> Vec<String> {
    let tag = tag.map(|tag| Tag::parse(tag).unwrap());
    names(&index().search(query, tag.as_ref(), 0, 10))
}

fn names(hits: &Hits) -> Vec<String> {
    hits.hits.iter().map(|hit| hit.post.path.file_stem().to_owned()).collect()
}

#[test]
fn any_part_of_a_text_is_found() {
    for query in [
        "context.withtimeout",
        "timeout",
        "text.with",
        "xt.w",
        "个 goroutine",
        "\"一个 gor\"",
        "结束一",
        "束",
        "k8s",
        "8",
        "\"s 与\"",
    ] {
        assert_eq!(found(query, None), ["three"], "{query}");
    }
    for query in ["redis缓", "ＲＥＤＩＳ緩存", "goproxy=", "法,e", "proxy"] {
        assert_eq!(found(query, None), ["two"], "{query}");
    }
    for query in ["c++", "cafe", "CAFÉ", "数据库》", "《数"] {
        assert_eq!(found(query, None), ["one"], "{query}");
    }
    for query in ["缓存 没有 redis", "  ", "\"goroutine 一个\"", "withtime.out", "c+++"] {
        assert!(found(query, None).is_empty(), "{query}");
    }
}

#[test]
fn a_post_has_an_older_and_a_newer_one_beside_it() {
    let index = index();
    let beside = |name: &str| {
        let path = PostPath::parse(&format!("blog/{name}.md")).unwrap();
        let Neighbours { previous, next } = index.neighbours(&path);
        [previous, next].map(|post| post.map(|post| post.path.file_stem()))
    };

    assert_eq!(beside("one"), [None, Some("two")]);
    assert_eq!(beside("two"), [Some("one"), Some("three")]);
    assert_eq!(beside("three"), [Some("two"), None]);
    assert_eq!(beside("none"), [None, None]);

    // Of one instant, the first by its path counts as newer.
    let twins = ["b", "a"].map(|name| post(name, "2026-01-01", &[], 1));
    let index = Index::build(twins.to_vec());
    let path = PostPath::parse("blog/a.md").unwrap();
    let previous = index.neighbours(&path).previous.map(|post| post.path.file_stem());
    assert_eq!((previous, index.neighbours(&path).next), (Some("b"), None));
}

#[test]
fn filters_and_exclusions_hold_together() {
    assert_eq!(found("缓存", Some("go")), ["one", "two"]);
    assert!(found("缓存", Some("ops")).is_empty());
    assert_eq!(found("缓存 -redis缓", None), ["one"]);
    assert_eq!(found("缓存 -\"redis 缓\"", None), ["one", "two"]);
    assert_eq!(found("tag:GO year:2025", None), ["two", "one"]);
    assert_eq!(found("tag:c++", None), ["one"]);
    assert_eq!(found("-缓存", None), ["three"]);
    assert!(found("year:2024", None).is_empty());
}

#[test]
fn better_places_come_first_and_then_newer_posts() {
    let mut posts: Vec<_> =
        (1..=7).map(|day| post(&format!("p{day}"), &format!("2026-01-0{day}"), &[], 1)).collect();
    for post in &mut posts {
        post.text = "所有文字: ink".into();
        post.detail.outline.clear();
    }
    posts[0].summary.title = "Ink".into();
    posts[1].summary.title = "The ink stone".into();
    posts[2].summary.title = "Thinking".into();
    posts[2].summary.title.push_str(" inkling");
    posts[3].summary.tags = vec![Tag::parse("ink").unwrap()];
    posts[4].summary.brev = "of ink".into();
    posts[5].detail.outline = test_kit::post("x", "2026-01-01", &[], 1).detail.outline;
    posts[5].detail.outline[0].text = "ink".into();

    let hits = Index::build(posts).search("ink", None, 0, 10);

    assert_eq!(names(&hits), ["p1", "p2", "p3", "p4", "p5", "p6", "p7"]);
    assert_eq!(hits.hits[1].title, "The <mark>ink</mark> stone");
    assert_eq!(found("缓存", None), ["one", "two"]);
    assert_eq!(found("e", None).len(), 3);
}

#[test]
fn hits_come_in_pages() {
    let hits = index().search("缓存", None, 1, 1);

    assert_eq!((hits.total, hits.hits.len()), (2, 1));
    assert!(hits.hits[0].snippet.contains("Redis<mark>缓存</mark>"), "{:?}", hits.hits[0]);
    assert_eq!(index().search("缓存", None, 2, 10).hits, []);
    assert_eq!(index().search("缓存", None, 0, 0).total, 2);
}

#[test]
fn a_mistyped_word_is_replaced_only_when_nothing_else_is_found() {
    let index = index();

    let mistyped = index.search("kuberentes goroutine", None, 0, 10);
    let right = index.search("goroutine", None, 0, 10);

    assert_eq!(names(&mistyped), ["three"]);
    assert_eq!(mistyped.corrected.as_deref(), Some("kubernetes goroutine"));
    assert!(mistyped.hits[0].snippet.contains("<mark>Kubernetes</mark>"));
    assert_eq!(right.corrected, None);
    for other in ["k8z", "kbrnts", "缓村"] {
        assert_eq!(index.search(other, None, 0, 10).total, 0, "{other}");
    }
}

#[test]
fn an_updated_index_answers_as_one_that_was_built_anew() {
    let version = |index: u32, version: u8| {
        let day = format!("2026-{:02}-{:02}", 1 + index / 28, 1 + index % 28);
        let mut post = post(&format!("p{index}"), &day, &[], version);
        post.text = format!("第{index}篇 edition{version}");
        post
    };
    let mut posts: Vec<(u32, Post)> = (0..40).map(|index| (index, version(index, 1))).collect();
    let all =
        |posts: &[(u32, Post)]| posts.iter().map(|(_, post)| post.clone()).collect::<Vec<_>>();
    let mut index = Index::build(all(&posts));
    for round in 2..30u8 {
        let changed = usize::from(round) * 7 % posts.len();
        posts[changed].1 = version(posts[changed].0, round);
        if round % 3 == 0 {
            posts.remove(0);
        }
        posts.push((100 + u32::from(round), version(100 + u32::from(round), round)));
        let posts = all(&posts);
        let wanted: Vec<_> = posts
            .iter()
            .map(|post| VisiblePost { path: post.summary.path.clone(), hash: post.hash })
            .collect();

        let mut update = index.update(&wanted);
        let missing: Vec<Post> = posts
            .iter()
            .filter(|post| update.missing().contains(&post.summary.path))
            .cloned()
            .collect();
        assert!(missing.len() <= 2, "{}", missing.len());
        update.add(missing);
        index = update.finish();

        let anew = Index::build(posts.clone());
        assert!(index.segments.len() <= 7, "{}", index.segments.len());
        assert!(index.posts().eq(anew.posts()));
        for post in &posts {
            assert_eq!(index.post(&post.summary.path), Some(&post.summary));
        }
        assert_eq!(index.post(&PostPath::parse("blog/none.md").unwrap()), None);
        for query in ["edition1", &format!("edition{round}"), "第1", "篇", "p1 -edition1"] {
            assert_eq!(index.search(query, None, 0, 9), anew.search(query, None, 0, 9), "{query}");
        }
    }
}
