//! What every store promises.

use crate::support::{in_mongo, in_sqlite, stores};
use domain::{PostPath, ReleaseSeq, StoreError, VisiblePost};
use std::time::Duration;
use test_kit::{Server, brevs, post, posts, release_id};

#[tokio::test]
async fn before_the_first_release_there_is_nothing() {
    for store in stores().await {
        assert_eq!(store.reader.current().await.unwrap(), None, "{}", store.name);
        assert_eq!(store.writer.head().await.unwrap(), None, "{}", store.name);
        assert!(store.writer.visible_in_head().await.unwrap().is_empty(), "{}", store.name);
    }
}

#[tokio::test]
async fn a_post_reads_back_as_it_was_written() {
    for store in stores().await {
        let mut all = posts(3, 1);
        all[1].summary.updated = Some("2026-01-02T03:04:05.678Z".parse().unwrap());
        all[1].summary.title = "标题: \"$set\" 'x' \u{1f58b}".into();
        all[1].detail.description = Some("d".into());
        all[2].detail.keywords.clear();
        let seq = store.register(1, &all).await;

        let paths: Vec<_> = all.iter().map(|post| post.summary.path.clone()).collect();
        let mut found = store.reader.some(seq, &paths).await.unwrap();

        found.sort_by(|one, other| one.summary.newest_first(&other.summary));
        assert_eq!(found, all, "{}", store.name);
        let nothing = PostPath::parse("blog/nothing.md").unwrap();
        assert_eq!(store.reader.some(seq, &[nothing]).await.unwrap(), [], "{}", store.name);
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
        let kept = store.reader.versions(seqs[2]).await.unwrap();
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

#[tokio::test]
async fn a_file_of_an_earlier_version_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blog.sqlite");
    let all = posts(3, 1);
    drop(in_sqlite(&path));
    let earlier = rusqlite::Connection::open(&path).unwrap();
    earlier.execute_batch(include_str!("earlier.sql")).unwrap();
    for post in &all {
        let (summary, json) = (serde_json::to_string(&post.summary), serde_json::to_string(post));
        let row =
            (post.summary.path.as_str(), post.hash.to_string(), summary.unwrap(), json.unwrap());
        let sql = "INSERT INTO posts (path, hash, since, published_at, year, summary, post) \
                   VALUES (?1, ?2, 1, 0, 2020, ?3, ?4)";
        earlier.execute(sql, row).unwrap();
    }
    let sql = "INSERT INTO tags SELECT id, 'all' FROM posts";
    earlier.execute(sql, []).unwrap();
    drop(earlier);

    let store = in_sqlite(&path);

    assert_eq!(store.listed().await, brevs(&all));
    store.register(2, &posts(4, 2)).await;
    assert_eq!(in_sqlite(&path).listed().await, brevs(&posts(4, 2)));
}
