//! What every tally and every store of counts promises.

use HitOutcome::{Known, New, TooMany};
use domain::{
    Batch, CountStore, Counted, Counts, Day, Hit, HitOutcome, PostCounts, PostPath, Tally,
};
use std::sync::Arc;
use std::time::Duration;
use store::{MemoryTally, MongoSettings, RedisSettings, RedisTally, StoreSettings};
use test_kit::Server;

const DAY: Day = Day { number: 20_000, left: Duration::from_hours(1) };

/// A tally of each kind that this machine has, with nothing in it.
fn tallies() -> Vec<(&'static str, Arc<dyn Tally>, Option<Server>)> {
    let mut all: Vec<(_, Arc<dyn Tally>, _)> =
        vec![("memory", Arc::new(MemoryTally::default()), None)];
    if let Some(server) = Server::redis() {
        let tally = RedisTally::connect(&server.uri().into()).unwrap();
        all.push(("Redis", Arc::new(tally), Some(server)));
    }
    all
}

fn path(name: &str) -> PostPath {
    PostPath::parse(&format!("blog/{name}.md")).unwrap()
}

fn hit(name: &str, counted: Counted, visitor: u8, day: i64) -> Hit {
    let day = Day { number: DAY.number + day, ..DAY };
    Hit { path: path(name), counted, visitor: [visitor; 16], day, most_per_minute: 5 }
}

#[tokio::test]
async fn a_visitor_counts_once_a_day_for_each_post_and_kind() {
    for (kind, tally, _server) in tallies() {
        let mut outcomes = Vec::new();
        for hit in [
            hit("墨", Counted::View, 1, 0),
            hit("墨", Counted::View, 1, 0),
            hit("墨", Counted::Like, 1, 0),
            hit("栈: 2", Counted::View, 1, 0),
            hit("墨", Counted::View, 2, 0),
            hit("墨", Counted::View, 1, 1),
            hit("墨", Counted::Like, 1, 1),
        ] {
            outcomes.push(tally.hit(&hit).await.unwrap());
        }

        assert_eq!(outcomes, [New, Known, New, New, New, New, TooMany], "{kind}");
        let mut batch = tally.batch().await.unwrap().unwrap();
        batch.counts.sort_by(|one, other| one.0.cmp(&other.0));
        let counts = |views, likes| Counts { views, likes };
        let expected = [(path("墨"), counts(3, 1)), (path("栈: 2"), counts(1, 0))];
        assert_eq!(batch.counts, expected, "{kind}");
    }
}

#[tokio::test]
async fn a_batch_stays_as_it_is_until_it_is_settled() {
    for (kind, tally, _server) in tallies() {
        assert_eq!(tally.batch().await.unwrap(), None, "{kind}");
        tally.hit(&hit("a", Counted::View, 1, 0)).await.unwrap();
        let first = tally.batch().await.unwrap().unwrap();
        tally.hit(&hit("a", Counted::View, 2, 0)).await.unwrap();

        assert_eq!(tally.batch().await.unwrap().as_ref(), Some(&first), "{kind}");
        tally.settle(first.number - 1).await.unwrap();
        assert_eq!(tally.batch().await.unwrap().as_ref(), Some(&first), "{kind}");
        tally.settle(first.number).await.unwrap();
        let second = tally.batch().await.unwrap().unwrap();
        assert!(second.number > first.number, "{kind}");
        assert_eq!(second.counts, [(path("a"), Counts { views: 1, likes: 0 })], "{kind}");
        tally.settle(first.number).await.unwrap();
        assert_eq!(tally.batch().await.unwrap(), Some(second.clone()), "{kind}");
        tally.settle(second.number).await.unwrap();
        assert_eq!(tally.batch().await.unwrap(), None, "{kind}");
    }
}

#[tokio::test]
async fn all_who_ask_get_one_salt_for_a_day() {
    for (kind, tally, server) in tallies() {
        let first = tally.salt(DAY, [1; 32]).await.unwrap();
        let again = tally.salt(DAY, [2; 32]).await.unwrap();
        let next = tally.salt(Day { number: 20_001, ..DAY }, [3; 32]).await.unwrap();

        assert_eq!((first, again, next), ([1; 32], [1; 32], [3; 32]), "{kind}");
        if let Some(server) = server {
            let other = RedisTally::connect(&server.uri().into()).unwrap();
            assert_eq!(other.salt(DAY, [4; 32]).await.unwrap(), [1; 32]);
            let short = Day { number: 20_002, left: Duration::from_secs(1) };
            tally.salt(short, [5; 32]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1500)).await;
            assert_eq!(tally.salt(short, [6; 32]).await.unwrap(), [6; 32], "it is forgotten");
        }
    }
}

#[tokio::test]
async fn a_redis_that_forgot_everything_gives_greater_numbers_still() {
    let Some(mut server) = Server::redis() else { return };
    let settings = RedisSettings { uri: Some(server.uri().into()) };
    let tally = settings.tally().unwrap();
    tally.hit(&hit("a", Counted::View, 1, 0)).await.unwrap();
    let before = tally.batch().await.unwrap().unwrap();

    server.kill();
    assert!(tally.hit(&hit("a", Counted::View, 2, 0)).await.is_err());
    server.resume();

    let started = std::time::Instant::now();
    while tally.hit(&hit("a", Counted::View, 3, 0)).await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(30), "Redis is not found again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let after = tally.batch().await.unwrap().unwrap();
    assert!(after.number > before.number);
}

/// A store of each kind that this machine has, without counts.
async fn stores() -> Vec<(&'static str, Arc<dyn CountStore>, tempfile::TempDir)> {
    let folder = || tempfile::tempdir().unwrap();
    let file = folder();
    let sqlite = StoreSettings::Sqlite(file.path().join("blog.sqlite"));
    let mut all = vec![("SQLite", sqlite.counts().await.unwrap(), file)];
    if let Some(server) = test_kit::mongod() {
        let settings = MongoSettings { uri: server.uri().into(), database: server.database() };
        let mongo = StoreSettings::Mongo(settings);
        mongo.writer().await.unwrap().prepare().await.unwrap();
        all.push(("MongoDB", mongo.counts().await.unwrap(), folder()));
    }
    all
}

#[tokio::test]
async fn a_batch_that_is_added_twice_or_late_changes_nothing() {
    for (kind, store, _folder) in stores().await {
        let batch = |number: i64, names: &[&str], views, likes| Batch {
            number,
            counts: names.iter().map(|name| (path(name), Counts { views, likes })).collect(),
        };
        let first = batch(1_767_225_600_000_000, &["a", "b"], 2, 1);
        let second = batch(1_767_225_600_000_007, &["b", "c"], 3, 0);

        for batch in [&first, &first, &second, &first, &second] {
            store.add(batch).await.unwrap();
        }

        let mut all = store.counted_since(0).await.unwrap();
        all.sort_by(|one, other| one.path.cmp(&other.path));
        let sum = |post: &'_ PostCounts| {
            (post.path.file_stem().to_owned(), post.counts.views, post.counts.likes)
        };
        let sums: Vec<_> = all.iter().map(sum).collect();
        let [a, b, c] = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(sums, [(a, 2, 1), (b, 5, 1), (c, 3, 0)], "{kind}");
        let near = |post: &PostCounts, score: f64| (post.score - score).abs() < 1e-3;
        assert!(near(&all[0], 7.0) && near(&all[1], 10.0) && near(&all[2], 3.0), "{all:?}");
        let new = store.counted_since(second.number).await.unwrap();
        assert_eq!(new.len(), 2, "{kind}");
    }
}

#[tokio::test]
async fn batches_that_are_added_at_once_are_added_once() {
    for (kind, store, _folder) in stores().await {
        for number in 1..=10 {
            let counts: Vec<_> = (0..20)
                .map(|index| (path(&format!("p{index}")), Counts { views: 1, likes: 0 }))
                .collect();
            let batch = Batch { number, counts };
            let add = || store.add(&batch);
            let (one, other, third) = tokio::join!(add(), add(), add());
            one.and(other).and(third).unwrap();
        }

        let all = store.counted_since(0).await.unwrap();
        assert_eq!(all.len(), 20, "{kind}");
        assert!(all.iter().all(|post| post.counts.views == 10), "{kind}: {all:?}");
    }
}
