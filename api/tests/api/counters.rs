//! Views and likes.

use crate::support::{TestApp, header, names, spawn_apps, spawn_counting, spawn_embedded};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::{MongoSettings, RedisTally, StoreSettings};
use test_kit::{Process, Server, free_port, post, posts};

const DEADLINE: Duration = Duration::from_mins(1);

/// Waits until the post has so many views.
pub(crate) async fn until_viewed(app: &TestApp, path: &str, wanted: u64) {
    let started = Instant::now();
    loop {
        let views = app.get(&format!("/api/v1/views?path={path}")).await.1;
        if views["posts"][0]["views"] == wanted {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "{path} never has {wanted} views: {views}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_reader_counts_once_a_day_and_a_robot_never() {
    for app in spawn_apps().await {
        app.register(1, &posts(3, 1)).await;
        let view = async |path: &str, address| {
            app.post(&format!("/api/v1/posts/blog/{path}/views"), address).await.1["counted"]
                .as_bool()
                .unwrap()
        };

        assert!(view("p001", "1.1.1.1").await);
        assert!(!view("p001", "1.1.1.1").await);
        assert!(view("p001", "1.1.1.2").await);
        assert!(view("p002", "1.1.1.1").await);
        let robot = app.client.post(format!("{}/api/v1/posts/blog/p000/views", app.url));
        let robot = robot.header("user-agent", "Googlebot").send().await.unwrap();
        assert_eq!(robot.json::<serde_json::Value>().await.unwrap()["counted"], false);
        let (status, like) = app.post("/api/v1/posts/blog/p002/likes", "1.1.1.1").await;
        assert_eq!((status.as_u16(), &like["counted"]), (200, &true.into()));

        until_viewed(&app, "blog/p001", 2).await;
        let expected = serde_json::json!({ "posts": [
            { "path": "blog/p002.md", "views": 1, "likes": 1 },
            { "path": "blog/p000.md", "views": 0, "likes": 0 },
        ] });
        let started = Instant::now();
        loop {
            let counts = app.get("/api/v1/views?path=blog/p002&path=/blog/p000").await.1;
            if counts == expected {
                break;
            }
            assert!(started.elapsed() < DEADLINE, "{counts}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn lists_show_views_and_can_be_sorted_by_them() {
    for app in spawn_apps().await {
        app.register(1, &posts(4, 1)).await;
        let before = app.ask("/api/v1/posts", &[]).await;
        let etag = header(&before, "etag").to_owned();
        for address in ["1.1.1.1", "1.1.1.2"] {
            app.post("/api/v1/posts/blog/p001/views", address).await;
        }
        app.post("/api/v1/posts/blog/p000/views", "1.1.1.1").await;
        until_viewed(&app, "blog/p001", 2).await;
        until_viewed(&app, "blog/p000", 1).await;

        let popular = app.get("/api/v1/posts?sort=popular&limit=3").await.1;
        assert_eq!(names(&popular["posts"]), ["p001", "p000", "p003"]);
        assert_eq!(popular["posts"][0]["views"], 2);
        let next = popular["next"].as_str().unwrap();
        let rest = app.get(&format!("/api/v1/posts?sort=popular&after={next}")).await.1;
        assert_eq!(names(&rest["posts"]), ["p002"]);
        assert!(rest["next"].is_null());
        let even = app.get("/api/v1/posts?sort=popular&tag=even").await.1;
        assert_eq!(names(&even["posts"]), ["p000", "p002"]);
        assert_eq!(app.get("/api/v1/posts/blog/p001").await.1["views"], 2);
        let after = app.ask("/api/v1/posts", &[("if-none-match", &etag)]).await;
        assert_eq!(after.status(), 200, "another count is another answer");
        assert_eq!(after.json::<serde_json::Value>().await.unwrap()["posts"][2]["views"], 2);
    }
}

#[tokio::test]
async fn what_cannot_be_counted_is_a_problem() {
    let app = spawn_embedded().await;
    let mut all = posts(1, 1);
    all.push(post("views", "2019-01-01", &[], 1));
    app.register(1, &all).await;

    let (status, problem) = app.post("/api/v1/posts/blog/none/views", "1.1.1.1").await;
    assert_eq!((status.as_u16(), &problem["code"]), (404, &"post_not_found".into()));
    let foreign = app.client.post(format!("{}/api/v1/posts/blog/p000/views", app.url));
    let foreign = foreign.header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    assert_eq!(foreign.json::<serde_json::Value>().await.unwrap()["code"], "cross_site");
    assert_eq!(app.get("/api/v1/posts/blog/views").await.0, 200, "a post may be called so");
    for bad in ["", "?path=../x", "?path=a&paht=b"] {
        let (status, problem) = app.get(&format!("/api/v1/views{bad}")).await;
        assert_eq!((status.as_u16(), &problem["code"]), (400, &"bad_parameter".into()), "{bad}");
    }
    let mut last = 0;
    for _ in 0..11 {
        last = app.post("/api/v1/posts/blog/p000/views", "2.2.2.2").await.0.as_u16();
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn two_replicas_count_as_one() {
    let (Some(mongod), Some(redis)) = (Server::mongod(), Server::redis()) else { return };
    let settings = MongoSettings { uri: mongod.uri().into(), database: "blog".into() };
    let store = StoreSettings::Mongo(settings);
    let spawn = async || {
        let tally = Arc::new(RedisTally::connect(&redis.uri().into()).unwrap());
        spawn_counting(&store, Vec::new(), tally, tempfile::tempdir().unwrap()).await
    };
    let (one, other) = (spawn().await, spawn().await);
    one.register(1, &posts(1, 1)).await;
    other.until_served(1).await;

    for visitor in 0..40 {
        let app = if visitor % 2 == 0 { &one } else { &other };
        app.post("/api/v1/posts/blog/p000/views", &format!("1.1.1.{visitor}")).await;
    }
    let again = other.post("/api/v1/posts/blog/p000/views", "1.1.1.0").await.1;

    assert_eq!(again["counted"], false, "the other one has counted this reader");
    until_viewed(&one, "blog/p000", 40).await;
    until_viewed(&other, "blog/p000", 40).await;
}

/// The program, which can be killed.
fn start(port: u16, mongod: &Server, redis: &Server, folder: &Path) -> Process {
    let process = Process::start::<&str>(
        Path::new(env!("CARGO_BIN_EXE_api")),
        &[],
        &[
            ("API_LISTEN", &format!("127.0.0.1:{port}")),
            ("API_ADMIN_LISTEN", "127.0.0.1:0"),
            ("API_COUNT_INTERVAL", "50ms"),
            ("LOG_LEVEL", "warn"),
            ("MONGODB_URI", &mongod.uri()),
            ("REDIS_URI", &redis.uri()),
        ],
        &folder.join("log"),
    );
    assert!(test_kit::wait_for_port(port), "{}", process.log());
    process
}

/// 10,000 readers at 64 connections; the program is killed in the middle, twice. A reader who gets
/// no answer asks again, as a browser would on the next page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_view_is_lost_or_counted_twice_when_the_program_is_killed() {
    const READERS: usize = 10_000;
    let (Some(mongod), Some(redis)) = (Server::mongod(), Server::redis()) else { return };
    let settings = MongoSettings { uri: mongod.uri().into(), database: "blog".into() };
    let folder = tempfile::tempdir().unwrap();
    let store = StoreSettings::Mongo(settings);
    let watcher = spawn_counting(
        &store,
        Vec::new(),
        Arc::new(RedisTally::connect(&redis.uri().into()).unwrap()),
        tempfile::tempdir().unwrap(),
    )
    .await;
    watcher.register(1, &posts(2, 1)).await;
    let port = free_port();
    let mut process = start(port, &mongod, &redis, folder.path());

    let left: Arc<Mutex<VecDeque<usize>>> = Arc::new(Mutex::new((0..READERS).collect()));
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (left, answered) = (left.clone(), answered.clone());
        let client = watcher.client.clone();
        clients.spawn(async move {
            loop {
                let Some(reader) = left.lock().unwrap().pop_front() else { return };
                let path = format!("blog/p00{}", reader % 2);
                let url = format!("http://127.0.0.1:{port}/api/v1/posts/{path}/views");
                let address = format!("1.1.{}.{}", reader / 250, reader % 250);
                let view = client.post(url).header("user-agent", "Firefox");
                let answer = view.header("x-forwarded-for", address).send().await;
                if answer.is_ok_and(|answer| answer.status() == 200) {
                    answered.fetch_add(1, Ordering::Relaxed);
                } else {
                    left.lock().unwrap().push_back(reader);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        });
    }
    for part in [3, 2] {
        while answered.load(Ordering::Relaxed) < READERS / part {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        process.kill();
        process = start(port, &mongod, &redis, folder.path());
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }

    assert_eq!(answered.load(Ordering::Relaxed), READERS);
    until_viewed(&watcher, "blog/p000", 5000).await;
    until_viewed(&watcher, "blog/p001", 5000).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    until_viewed(&watcher, "blog/p000", 5000).await;
    drop(process);
}
