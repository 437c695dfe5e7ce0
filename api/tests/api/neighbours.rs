//! Neighbours that are late, leave and come back.

use crate::counters::until_viewed;
use crate::support::{TestApp, comments, spawn, spawn_set};
use domain::Cache;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{MemoryTally, MongoSettings, RedisCache, StoreSettings};
use test_kit::{Server, posts};

fn settings(server: &Server) -> StoreSettings {
    StoreSettings::Mongo(MongoSettings { uri: server.uri().into(), database: "blog".into() })
}

async fn status(app: &TestApp, path: &str) -> u16 {
    app.ask(path, &[]).await.status().as_u16()
}

async fn until(app: &TestApp, path: &str, wanted: u16) {
    let started = Instant::now();
    while status(app, path).await != wanted {
        assert!(started.elapsed() < Duration::from_mins(1), "{path} never answers {wanted}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn without_mongodb_everything_about_posts_is_answered() {
    let Some(mut server) = Server::mongod() else { return };
    let (store, tally) = (settings(&server), Arc::new(MemoryTally::default()));
    let folder = tempfile::tempdir().unwrap();
    let app = spawn_set(&store, Vec::new(), tally, folder, comments("held")).await;
    app.register(1, &posts(5, 1)).await;
    app.post("/api/v1/posts/blog/p004/views", "1.1.1.1").await;
    until_viewed(&app, "blog/p004", 1).await;

    server.kill();

    for path in [
        "posts",
        "posts?tag=even&year=2020",
        "posts?sort=popular",
        "posts/blog/p003",
        "posts/blog/p003/related",
        "search?q=Title",
        "suggest?q=Ti",
        "nearest?path=/p03",
        "tags",
        "archive",
        "series",
        "site",
        "views?path=blog/p004",
        "release",
    ] {
        assert_eq!(status(&app, &format!("/api/v1/{path}")).await, 200, "{path}");
    }
    let newest = &app.get("/api/v1/posts?limit=1").await.1["posts"][0];
    assert_eq!((&newest["path"], &newest["views"]), (&"blog/p004.md".into(), &1.into()));
    let below = "/api/v1/posts/blog/p003/comments";
    let (refused, problem) = app.get(below).await;
    assert_eq!((refused.as_u16(), &problem["code"]), (503, &"store_unavailable".into()));
    assert!(!problem["detail"].as_str().unwrap().contains("127.0.0.1"), "{problem}");

    server.resume();
    until(&app, below, 200).await;
    app.register(2, &posts(6, 2)).await;
}

#[tokio::test]
async fn an_api_that_starts_before_mongodb_waits_for_it() {
    let Some(mut server) = Server::mongod() else { return };
    server.kill();
    let app = spawn(&settings(&server), Vec::new(), tempfile::tempdir().unwrap()).await;
    assert_eq!(status(&app, "/api/v1/posts").await, 503);

    server.resume();

    app.register(1, &posts(1, 1)).await;
    assert_eq!(status(&app, "/api/v1/posts").await, 200);
}

/// How many answers `app` has found in Redis.
async fn shared_hits(app: &TestApp) -> u64 {
    let metrics = app.client.get(format!("{}/metrics", app.admin)).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let line = "cache_requests_total{cache=\"redis\",result=\"hit\"} ";
    let hits = metrics.lines().find_map(|found| found.strip_prefix(line)).unwrap();
    hits.parse().unwrap()
}

#[tokio::test]
async fn redis_is_shared_by_replicas_and_missed_by_nobody() {
    let (Some(mongod), Some(mut redis)) = (Server::mongod(), Server::redis()) else { return };
    let cache = || -> Vec<Arc<dyn Cache>> {
        vec![Arc::new(RedisCache::connect(&redis.uri().into()).unwrap())]
    };
    let one = spawn(&settings(&mongod), cache(), tempfile::tempdir().unwrap()).await;
    let other = spawn(&settings(&mongod), cache(), tempfile::tempdir().unwrap()).await;
    one.register(1, &posts(5, 1)).await;
    other.until_served(1).await;
    let answer = one.get("/api/v1/posts?limit=4").await;

    // What one computed, the other finds in Redis; unless Redis is late on a busy machine, which counts
    // as a miss.
    let mut is_shared = false;
    for limit in 10..30 {
        let path = format!("/api/v1/posts?limit={limit}");
        let computed = one.get(&path).await;
        let found = shared_hits(&other).await;
        assert_eq!(other.get(&path).await, computed);
        is_shared = shared_hits(&other).await > found;
        if is_shared {
            break;
        }
    }
    assert!(is_shared);

    redis.freeze(true);
    until(&one, "/api/v1/posts?limit=3", 200).await;
    redis.freeze(false);
    redis.kill();
    until(&one, "/api/v1/posts?limit=2", 200).await;
    assert_eq!(one.get("/api/v1/posts?limit=4").await, answer);
}

#[tokio::test]
async fn a_wrong_password_is_said_by_readyz_and_not_to_readers() {
    let Some(server) = Server::mongod_with_users().await else { return };
    let uri = server.uri_of("api", "guessed");
    let settings = MongoSettings { uri: uri.into(), database: "blog".into() };
    let store = StoreSettings::Mongo(settings);
    let app = spawn(&store, Vec::new(), tempfile::tempdir().unwrap()).await;
    let ready = async || {
        let answer = app.client.get(format!("{}/readyz", app.admin)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };

    let started = Instant::now();
    let said = loop {
        let (status, said) = ready().await;
        assert_eq!(status, 503);
        if said.contains("MONGODB_URI") {
            break said;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "{said}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };

    assert!(said.contains("refuses the user or password in MONGODB_URI"), "{said}");
    assert!(!said.contains("guessed"), "{said}");
    let (_, problem) = app.get("/api/v1/posts").await;
    assert_eq!(problem["code"], "nothing_registered");
    assert!(!problem.to_string().contains("MONGODB"), "{problem}");
}
