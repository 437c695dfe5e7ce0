//! What every store promises.

use crate::support::{brevs, in_mongo, stores};
use domain::{Cursor, PostPath, PostQuery, ReleaseSeq, StoreError, Tag, VisiblePost};
use std::time::Duration;
use test_kit::{Server, post, posts, release_id};

#[tokio::test]
async fn before_the_first_release_there_is_nothing() {
    for store in stores().await {
        assert_eq!(store.reader.current().await.unwrap(), None, "{}", store.name);
        assert_eq!(store.writer.head().await.unwrap(), None, "{}", store.name);
        assert!(store.writer.visible_in_head().await.unwrap().is_empty(), "{}", store.name);
    }
}

#[tokio::test]
async fn a_release_is_listed_in_pages_without_gap_or_repetition() {
    for store in stores().await {
        let mut all = posts(7, 1);
        // Two of one instant, so that a page can break between them.
        all.insert(3, post("p003-twin", "2020-01-04", &["odd"], 1));
        all.sort_by(|one, other| one.summary.newest_first(&other.summary));
        let seq = store.register(1, &all).await;

        let mut listed = Vec::new();
        let mut query = PostQuery { limit: 2, ..PostQuery::default() };
        loop {
            let page = store.reader.list(seq, &query).await.unwrap();
            let Some(last) = page.last() else { break };
            query.after = Some(Cursor::from(last));
            listed.extend(page);
        }

        let expected: Vec<_> = all.iter().map(|post| post.summary.clone()).collect();
        assert_eq!(listed, expected, "{}", store.name);
    }
}

#[tokio::test]
async fn filters_hold_together() {
    for store in stores().await {
        let mut all = posts(4, 1);
        all.push(post("old", "2019-12-31", &["even"], 1));
        all[0].summary.series = Some("ink".into());
        let seq = store.register(1, &all).await;
        let list = async |query: PostQuery| {
            let found = store.reader.list(seq, &PostQuery { limit: 10, ..query }).await.unwrap();
            found.iter().map(|post| post.path.file_stem().to_owned()).collect::<Vec<_>>()
        };

        let even = Some(Tag::parse("even").unwrap());
        let tagged = PostQuery { tag: even.clone(), ..PostQuery::default() };
        assert_eq!(list(tagged).await, ["p002", "p000", "old"], "{}", store.name);
        let both = PostQuery { tag: even, year: Some(2019), ..PostQuery::default() };
        assert_eq!(list(both).await, ["old"], "{}", store.name);
        let series = PostQuery { series: Some("ink".into()), ..PostQuery::default() };
        assert_eq!(list(series).await, ["p003"], "{}", store.name);
        let none = PostQuery { limit: 0, ..PostQuery::default() };
        assert!(store.reader.list(seq, &none).await.unwrap().is_empty(), "{}", store.name);
    }
}

#[tokio::test]
async fn a_post_reads_back_as_it_was_written() {
    for store in stores().await {
        let mut all = posts(3, 1);
        all[1].summary.updated = Some("2026-01-02T03:04:05.678Z".parse().unwrap());
        all[1].summary.title = "标题: \"$set\" 'x' \u{1f58b}".into();
        all[1].description = Some("d".into());
        let seq = store.register(1, &all).await;
        let path = &all[1].summary.path;

        let detail = store.reader.detail(seq, path).await.unwrap().unwrap();
        let paths: Vec<_> = all.iter().map(|post| post.summary.path.clone()).collect();
        let mut found = store.reader.some(seq, &paths).await.unwrap();

        found.sort_by(|one, other| one.summary.newest_first(&other.summary));
        assert_eq!(found, all, "{}", store.name);
        assert_eq!(detail.description, all[1].description, "{}", store.name);
        assert_eq!(detail.keywords, all[1].keywords, "{}", store.name);
        assert_eq!(detail.outline, all[1].outline, "{}", store.name);
        let nothing = PostPath::parse("blog/nothing.md").unwrap();
        assert_eq!(store.reader.detail(seq, &nothing).await.unwrap(), None, "{}", store.name);
    }
}

#[tokio::test]
async fn what_differs_between_two_releases_can_be_asked_for_alone() {
    for store in stores().await {
        let mut new = posts(4, 1);
        let old = store.register(1, &new).await;
        new[1] = post("p002", "2020-01-03", &["even", "all"], 2);
        new.remove(3);
        let seq = store.register(2, &new).await;

        let versions = async |seq| {
            let mut versions = store.reader.versions(seq).await.unwrap();
            versions.sort_by(|one, other| other.path.cmp(&one.path));
            versions
        };
        let wanted: Vec<_> = new
            .iter()
            .map(|post| VisiblePost { path: post.summary.path.clone(), hash: post.hash })
            .collect();
        assert_eq!(versions(seq).await, wanted, "{}", store.name);
        assert_eq!(versions(old).await.len(), 4, "{}", store.name);
        let paths = ["blog/p002.md", "blog/p000.md"].map(|path| PostPath::parse(path).unwrap());
        assert_eq!(store.reader.some(seq, &paths).await.unwrap(), new[1..2], "{}", store.name);
        assert_eq!(store.reader.some(old, &paths).await.unwrap().len(), 2, "{}", store.name);
        assert_eq!(store.reader.some(seq, &[]).await.unwrap(), [], "{}", store.name);
    }
}

#[tokio::test]
async fn counts_are_of_one_release() {
    for store in stores().await {
        let mut all = posts(3, 1);
        all[2].summary.series = Some("ink".into());
        all.push(post("old", "2019-12-31", &["all"], 1));
        let old = store.register(1, &all).await;
        let new = store.register(2, &posts(1, 2)).await;

        let tags = async |seq| {
            let tags = store.reader.tags(seq).await.unwrap();
            tags.iter().map(|count| format!("{} {}", count.tag, count.posts)).collect::<Vec<_>>()
        };
        assert_eq!(tags(old).await, ["all 4", "even 2", "odd 1"], "{}", store.name);
        assert_eq!(tags(new).await, ["all 1", "even 1"], "{}", store.name);
        let years = store.reader.years(old).await.unwrap();
        let years: Vec<_> = years.iter().map(|count| (count.year, count.posts)).collect();
        assert_eq!(years, [(2020, 3), (2019, 1)], "{}", store.name);
        let series = store.reader.series(old).await.unwrap();
        assert_eq!((&*series[0].series, series[0].posts), ("ink", 1), "{}", store.name);
        assert!(store.reader.series(new).await.unwrap().is_empty(), "{}", store.name);
    }
}

#[tokio::test]
async fn nobody_sees_a_release_before_the_flip() {
    for store in stores().await {
        let old = posts(5, 1);
        store.register(1, &old).await;
        let mut new = posts(4, 1);
        new[0] = posts(4, 2).remove(0);
        new.push(post("new", "2019-01-01", &[], 1));
        let lease = store.lease("loader").await;

        let seq = store.load(&lease, 2, &new).await.unwrap();

        assert_eq!(store.listed().await, brevs(&old), "{}", store.name);
        let flipped = store.writer.flip(&lease, seq).await.unwrap();
        assert_eq!((flipped.id, flipped.posts), (release_id(2), 5), "{}", store.name);
        assert_eq!(store.listed().await, brevs(&new), "{}", store.name);
    }
}

#[tokio::test]
async fn what_a_dead_loader_left_is_cleaned_up() {
    for store in stores().await {
        let old = posts(5, 1);
        store.register(1, &old).await;
        let lease = store.lease("loader").await;
        let dead = store.load(&lease, 2, &posts(3, 2)).await.unwrap();

        let cleaned = store.writer.recover(&lease).await.unwrap();
        let nothing = store.writer.recover(&lease).await.unwrap();
        store.writer.give_back(&lease).await.unwrap();
        let next = store.register(3, &posts(2, 3)).await;

        // Three were inserted, five ended.
        assert_eq!((cleaned, nothing), (8, 0), "{}", store.name);
        assert!(next > dead, "{}: a number is never given twice", store.name);
        assert_eq!(store.listed().await, brevs(&posts(2, 3)), "{}", store.name);
        assert_eq!(store.writer.releases().await.unwrap().len(), 2, "{}", store.name);
    }
}

#[tokio::test]
async fn one_loader_writes_at_a_time() {
    for store in stores().await {
        let brief = Duration::from_millis(300);
        let one = store.writer.lease("one", brief).await.unwrap().unwrap();
        assert_eq!(store.writer.lease("other", brief).await.unwrap(), None, "{}", store.name);
        assert!(store.writer.lease("one", brief).await.unwrap().is_some(), "{}", store.name);
        let seq = store.load(&one, 1, &posts(2, 1)).await.unwrap();

        // The lease runs out by the store's clock, which no test can turn forward.
        let other = loop {
            match store.writer.lease("other", Duration::from_mins(1)).await.unwrap() {
                Some(lease) => break lease,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let lost = [
            store.writer.flip(&one, seq).await.map(drop),
            store.writer.recover(&one).await.map(drop),
            store.writer.begin(&one, &release_id(9), 1).await.map(drop),
            store.writer.retire(&one, seq, &[]).await,
            store.writer.insert(&one, seq, &posts(1, 9)).await,
            store.writer.collect(&one, 5).await.map(drop),
        ];

        for lost in lost {
            assert!(matches!(lost, Err(StoreError::LeaseLost)), "{}: {lost:?}", store.name);
        }
        assert_eq!(store.reader.current().await.unwrap(), None, "{}", store.name);
        store.writer.give_back(&one).await.unwrap();
        assert_eq!(store.writer.lease("one", brief).await.unwrap(), None, "{}", store.name);
        store.writer.give_back(&other).await.unwrap();
        assert!(store.writer.lease("one", brief).await.unwrap().is_some(), "{}", store.name);
    }
}

#[tokio::test]
async fn the_pointer_can_go_back_and_forward() {
    for store in stores().await {
        let first = store.register(1, &posts(3, 1)).await;
        let second = store.register(2, &posts(2, 2)).await;
        let lease = store.lease("loader").await;

        store.writer.flip(&lease, first).await.unwrap();
        assert_eq!(store.listed().await, brevs(&posts(3, 1)), "{}", store.name);
        assert_eq!(store.writer.head().await.unwrap().unwrap().seq, second, "{}", store.name);

        let third = store.register(3, &posts(4, 3)).await;
        assert_eq!(store.listed().await, brevs(&posts(4, 3)), "{}", store.name);
        let seqs: Vec<_> = store.writer.releases().await.unwrap();
        let seqs: Vec<_> = seqs.iter().map(|release| release.seq).collect();
        assert_eq!(seqs, [third, second, first], "{}", store.name);
        let lease = store.lease("loader").await;
        let unknown = store.writer.flip(&lease, ReleaseSeq(99)).await;
        assert!(matches!(unknown, Err(StoreError::Corrupt { .. })), "{}", store.name);
        assert_eq!(store.listed().await, brevs(&posts(4, 3)), "{}", store.name);
    }
}

#[tokio::test]
async fn only_what_no_kept_release_shows_is_removed() {
    for store in stores().await {
        let mut seqs = Vec::new();
        for version in 1..=4 {
            seqs.push(store.register(version, &posts(3, version)).await);
        }
        let lease = store.lease("loader").await;

        let removed = store.writer.collect(&lease, 2).await.unwrap();

        assert_eq!(removed, 6, "{}: two releases of three versions each", store.name);
        let query = PostQuery { limit: 10, ..PostQuery::default() };
        let kept = store.reader.list(seqs[2], &query).await.unwrap();
        assert_eq!(kept.len(), 3, "{}", store.name);
        assert_eq!(store.listed().await, brevs(&posts(3, 4)), "{}", store.name);
        assert_eq!(store.writer.releases().await.unwrap().len(), 2, "{}", store.name);

        // What the pointer shows stays, however old it is.
        store.writer.flip(&lease, seqs[2]).await.unwrap();
        store.writer.collect(&lease, 1).await.unwrap();
        assert_eq!(store.listed().await, brevs(&posts(3, 3)), "{}", store.name);
    }
}

#[tokio::test]
async fn a_release_outlives_a_server_that_is_killed() {
    let Some(mut server) = Server::mongod() else { return };
    let store = in_mongo(server.uri(), "blog".into()).await;
    store.writer.prepare().await.unwrap();
    for version in 1..=3 {
        let posts = posts(5, version);
        let seq = store.register(version, &posts).await;

        server.kill();
        server.resume();

        let current = store.reader.current().await.unwrap();
        assert_eq!(current.map(|current| current.seq), Some(seq));
        assert_eq!(store.listed().await, brevs(&posts));
    }
}

#[tokio::test]
async fn a_store_that_is_gone_says_so_in_time() {
    let settings = store::MongoSettings {
        uri: format!("mongodb://127.0.0.1:{}", test_kit::free_port()).into(),
        ..store::MongoSettings::default()
    };
    let mongo = store::MongoPosts::connect(&settings).await.unwrap();

    let error = domain::PostReader::current(&mongo).await.unwrap_err();

    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    let no_database = tempfile::tempdir().unwrap();
    assert!(matches!(
        store::SqlitePosts::open(no_database.path()),
        Err(StoreError::Refused { .. })
    ));
}
