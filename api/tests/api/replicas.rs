//! Two replicas that share a database and a Redis.

use crate::support::{TestApp, spawn_set};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{MongoSettings, RedisCache, RedisTally, StoreSettings};
use test_kit::{Server, posts, release_id};

/// So often one reader may write in a minute.
const WRITES: u32 = 10;
/// A release must be shown after this.
const SHOWN: Duration = Duration::from_secs(2);

async fn replica(mongod: &Server, redis: &Server) -> TestApp {
    let settings = MongoSettings { uri: mongod.uri().into(), database: "blog".into() };
    let uri = redis.uri().into();
    let cache = Arc::new(RedisCache::connect(&uri).unwrap());
    let tally = Arc::new(RedisTally::connect(&uri).unwrap());
    // As often as it is asked where nobody sets anything.
    let (writes, poll) = (WRITES.to_string(), "500ms");
    let set = [("API_WRITES_PER_MINUTE", writes.as_str()), ("API_POLL", poll)];
    let set = [set[0], set[1], set[0], set[1]];
    let folder = tempfile::tempdir().unwrap();
    spawn_set(&StoreSettings::Mongo(settings), vec![cache], tally, folder, set).await
}

#[tokio::test]
async fn two_replicas_limit_a_reader_as_one() {
    let (Some(mongod), Some(redis)) = (Server::mongod(), Server::redis()) else { return };
    let (one, other) = (replica(&mongod, &redis).await, replica(&mongod, &redis).await);
    one.register(1, &posts(2, 1)).await;
    other.until_served(1).await;
    let write = async |app: &TestApp, address| {
        app.post("/api/v1/posts/blog/p000/likes", address).await.0.as_u16()
    };

    let mut allowed = 0;
    for round in 0..WRITES {
        for app in [&one, &other] {
            let status = write(app, "1.1.1.1").await;
            assert!([200, 429].contains(&status), "{status} in round {round}");
            allowed += u32::from(status == 200);
        }
    }

    assert_eq!(allowed, WRITES, "{WRITES} of {} are allowed, wherever they go", 2 * WRITES);
    assert_eq!(write(&one, "1.1.1.2").await, 200, "another reader is not limited");
}

/// The best of three: a busy machine may take a while to run anybody at all.
#[tokio::test]
async fn two_replicas_show_a_new_release_within_two_seconds() {
    let (Some(mongod), Some(redis)) = (Server::mongod(), Server::redis()) else { return };
    let (one, other) = (replica(&mongod, &redis).await, replica(&mongod, &redis).await);
    one.register(1, &posts(20, 1)).await;
    other.until_served(1).await;

    let mut best = Duration::MAX;
    for number in 2..5 {
        // Any reader may hold an answer of the release before in either cache.
        for app in [&one, &other] {
            assert_eq!(app.get("/api/v1/posts?limit=1").await.0, 200);
        }
        one.publish(number, &posts(20, number)).await;
        let started = Instant::now();
        for app in [&one, &other] {
            app.until_served(number).await;
        }
        best = best.min(started.elapsed());
        for app in [&one, &other] {
            let answer = app.ask("/api/v1/posts?limit=1", &[]).await;
            assert_eq!(answer.headers()["x-release"], release_id(number).to_string().as_str());
            let page: serde_json::Value = answer.json().await.unwrap();
            let brev = format!("What p019 says, version {number}");
            assert_eq!(page["posts"][0]["brev"], brev.as_str(), "both show the new text");
        }
    }

    assert!(best < SHOWN, "{best:?}");
}
