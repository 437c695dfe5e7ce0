//! An API of its own for each test.

use api::{Application, Backends, Settings};
use domain::{Cache, Post, PostWriter, Tally};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use service_kit::MapVars;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{MemoryCache, MemoryTally, MongoSettings, StoreSettings};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What an admin sends along.
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef-token";

/// What makes an API take comments, in the way of `mode`.
pub(crate) fn comments(mode: &str) -> [(&str, &str); 4] {
    [
        ("API_COMMENTS", mode),
        ("API_ADMIN_TOKEN", TOKEN),
        ("API_COMMENT_BITS", "6"),
        ("API_COMMENTS_PER_HOUR", "3"),
    ]
}

/// A running API; it stops with the test's runtime.
pub(crate) struct TestApp {
    pub(crate) url: String,
    pub(crate) admin: String,
    pub(crate) client: Client,
    pub(crate) writer: Arc<dyn PostWriter>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) stopped: JoinHandle<std::io::Result<()>>,
    _folder: tempfile::TempDir,
}

/// An API over each kind of store, with nothing registered.
pub(crate) async fn spawn_apps() -> Vec<TestApp> {
    let mut apps = vec![spawn_embedded().await];
    if let Some(server) = test_kit::mongod() {
        let settings = MongoSettings { uri: server.uri().into(), database: server.database() };
        let folder = tempfile::tempdir().unwrap();
        apps.push(spawn(&StoreSettings::Mongo(settings), Vec::new(), folder).await);
    }
    apps
}

/// An API over the embedded store.
pub(crate) async fn spawn_embedded() -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    let store = StoreSettings::Sqlite(folder.path().join("blog.sqlite"));
    spawn(&store, Vec::new(), folder).await
}

/// An API over `store`, with `caches` behind the one in memory.
pub(crate) async fn spawn(
    store: &StoreSettings,
    caches: Vec<Arc<dyn Cache>>,
    folder: tempfile::TempDir,
) -> TestApp {
    spawn_counting(store, caches, Arc::new(MemoryTally::default()), folder).await
}

/// An API that gathers views and likes in `tally`.
pub(crate) async fn spawn_counting(
    store: &StoreSettings,
    caches: Vec<Arc<dyn Cache>>,
    tally: Arc<dyn Tally>,
    folder: tempfile::TempDir,
) -> TestApp {
    spawn_set(store, caches, tally, folder, [("API_WRITES_PER_MINUTE", "10"); 4]).await
}

/// An API with `set` beside what tests set anyway.
pub(crate) async fn spawn_set(
    store: &StoreSettings,
    caches: Vec<Arc<dyn Cache>>,
    tally: Arc<dyn Tally>,
    folder: tempfile::TempDir,
    set: [(&str, &str); 4],
) -> TestApp {
    let [one, two, three, four] = set;
    let vars = MapVars::from([
        ("API_LISTEN", "127.0.0.1:0"),
        ("API_ADMIN_LISTEN", "127.0.0.1:0"),
        ("API_POLL", "20ms"),
        ("API_SITE_TITLE", "墨栈"),
        ("API_COUNT_INTERVAL", "20ms"),
        ("API_COUNTS_AGE", "20ms"),
        one,
        two,
        three,
        four,
    ]);
    let settings = Settings::from_vars(&vars).unwrap();
    let memory: Arc<dyn Cache> = Arc::new(MemoryCache::new(settings.cache_bytes));
    let caches = std::iter::once(memory).chain(caches).collect();
    let (posts, counts) = (store.reader().await.unwrap(), store.counts().await.unwrap());
    let comments = store.comments().await.unwrap();
    let backends = Backends { posts, caches, tally, counts, comments };
    let app = Application::bind(&settings, backends).unwrap();
    let (url, admin) = (format!("http://{}", app.addr()), format!("http://{}", app.admin_addr()));
    let (stop, asked) = oneshot::channel();
    let stopped = tokio::spawn(app.run(async {
        let _ = asked.await;
    }));
    let client = Client::builder().no_proxy().build().unwrap();
    let writer = store.writer().await.unwrap();
    TestApp { url, admin, client, writer, stop: Some(stop), stopped, _folder: folder }
}

impl TestApp {
    /// Registers a release as the loader does, and waits until it is served.
    pub(crate) async fn register(&self, number: u8, posts: &[Post]) {
        self.publish(number, posts).await;
        self.until_served(number).await;
    }

    /// Registers a release as the loader does.
    pub(crate) async fn publish(&self, number: u8, posts: &[Post]) {
        let writer = &self.writer;
        writer.prepare().await.unwrap();
        let lease = writer.lease("test", Duration::from_mins(1)).await.unwrap().unwrap();
        let id = test_kit::release_id(number);
        let old = writer.visible_in_head().await.unwrap();
        let old: Vec<_> = old.into_iter().map(|post| post.path).collect();
        let seq = writer.begin(&lease, &id, posts.len() as u64).await.unwrap();
        writer.retire(&lease, seq, &old).await.unwrap();
        writer.insert(&lease, seq, posts).await.unwrap();
        writer.flip(&lease, seq).await.unwrap();
    }

    pub(crate) async fn until_served(&self, number: u8) {
        let id = test_kit::release_id(number).to_string();
        let started = Instant::now();
        while self.get("/api/v1/release").await.1["id"] != id {
            assert!(started.elapsed() < Duration::from_secs(30), "release {number} is not served");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        let add = |request: reqwest::RequestBuilder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        headers.iter().fold(request, add).send().await.unwrap()
    }

    /// Views or likes as the reader at `address`; status and answer.
    pub(crate) async fn post(&self, path: &str, address: &str) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header("x-forwarded-for", address).header("user-agent", "Firefox");
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        let answer = self.ask(path, &[]).await;
        (answer.status(), answer.json().await.unwrap())
    }
}

/// The file names of the posts in `list`.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    let paths = list.as_array().unwrap().iter().map(|post| post["path"].as_str().unwrap());
    paths.map(|path| path.trim_start_matches("blog/").trim_end_matches(".md")).collect()
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}
