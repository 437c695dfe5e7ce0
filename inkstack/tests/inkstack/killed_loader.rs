//! The loader, killed at every step, while a reader keeps listing through the API.

use crate::support::{client, program, until_status};
use crate::wire::{Moment, Relay};
use blog_static::{Application, Settings, Shelf};
use domain::Post;
use release::{Compression, Release, ReleaseWriter};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use test_kit::{Process, free_port, posts};
use tokio::task::JoinHandle;

/// The posts of a release: another number of them each time, so that a mixture is seen.
fn edition(version: u8) -> Vec<Post> {
    posts(20 + u16::from(version % 7), version)
}

/// blog-static with one release after the other.
struct Source {
    addr: SocketAddr,
    shelf: Shelf,
    folder: tempfile::TempDir,
}

impl Source {
    fn start() -> Self {
        let free: SocketAddr = ([127, 0, 0, 1], 0).into();
        let settings = Settings { listen: free, admin_listen: free, ..Settings::default() };
        let shelf = Shelf::default();
        let app = Application::bind(&settings, shelf.clone()).unwrap();
        let addr = app.addr();
        tokio::spawn(app.run(std::future::pending()));
        Self { addr, shelf, folder: tempfile::tempdir().unwrap() }
    }

    fn serve(&self, version: u8) {
        let folder = self.folder.path().join(version.to_string());
        let writer = ReleaseWriter::create(&folder, Compression::None).unwrap();
        writer.finish(&edition(version), "/404").unwrap();
        self.shelf.put(Release::open(&folder).unwrap());
    }
}

/// A reader who lists all posts through the API again and again.
struct Reader {
    seen: Arc<Mutex<BTreeSet<u8>>>,
    reading: JoinHandle<()>,
}

impl Reader {
    async fn start(api: u16) -> Self {
        let (client, url) = (client(), format!("http://127.0.0.1:{api}/api/v1/posts?limit=100"));
        until_status(&client, &url, 200).await;
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let shared = seen.clone();
        let reading = tokio::spawn(async move {
            loop {
                let list = client.get(&url).send().await.unwrap();
                let list: serde_json::Value = list.json().await.unwrap();
                shared.lock().unwrap().insert(version_of(&list));
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        Self { seen, reading }
    }

    /// Waits until the reader lists `version`.
    async fn until(&self, version: u8) {
        let started = Instant::now();
        while !self.seen.lock().unwrap().contains(&version) {
            assert!(!self.reading.is_finished(), "the reader saw something wrong");
            assert!(started.elapsed() < Duration::from_secs(30), "version {version} never came");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Nothing was listed but whole releases, up to `version`.
    fn check(&self, version: u8) {
        assert!(!self.reading.is_finished(), "the reader saw something wrong");
        assert!(self.seen.lock().unwrap().iter().all(|seen| *seen <= version));
    }
}

/// The one version that a list is of.
fn version_of(list: &serde_json::Value) -> u8 {
    let brev = |post: &serde_json::Value| post["brev"].as_str().unwrap().to_owned();
    let listed: Vec<String> = list["posts"].as_array().unwrap().iter().map(brev).collect();
    let version = listed.first().and_then(|brev| brev.rsplit(' ').next()?.parse().ok());
    let version = version.unwrap_or_else(|| panic!("an empty list: {list}"));
    let whole: Vec<String> = edition(version).into_iter().map(|post| post.summary.brev).collect();
    assert_eq!(listed, whole, "a mixture of releases");
    version
}

/// The loader as a program, registering what `source` serves.
fn loader(source: &Source, store: &[(&str, &str)], log: &Path) -> Process {
    let addr = source.addr.to_string();
    let mut vars = vec![
        ("CONTENT_LOADER_BLOG_STATIC", addr.as_str()),
        // A run that the machine holds up for longer loses it, and says so with 75.
        ("CONTENT_LOADER_LEASE", "1s"),
        ("CONTENT_LOADER_DEADLINE", "30s"),
    ];
    vars.extend(store);
    Process::start(&program("content-loader"), &["--allow-shrink"], &vars, log)
}

fn api(store: &[(&str, &str)], log: &Path) -> (Process, u16) {
    let port = free_port();
    let (listen, admin) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{}", free_port()));
    let mut vars =
        vec![("API_LISTEN", listen.as_str()), ("API_ADMIN_LISTEN", &admin), ("API_POLL", "5ms")];
    vars.extend(store);
    (Process::start::<&str>(&program("api"), &[], &vars, log), port)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_command_to_mongodb_it_leaves_the_old_release_or_the_new() {
    let Some(mongod) = test_kit::mongod() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (uri, log) = (mongod.uri(), folder.path().join("log"));
    let server: SocketAddr = uri.trim_start_matches("mongodb://").parse().unwrap();
    let store = [("MONGODB_URI", uri.as_str()), ("MONGODB_DATABASE", "killed")];
    let source = Source::start();
    source.serve(1);
    assert_eq!(loader(&source, &store, &log).wait(), 0);
    let (_api, port) = api(&store, &folder.path().join("api.log"));
    let reader = Reader::start(port).await;

    let mut version = 1;
    for moment in [Moment::BeforeCommand, Moment::BeforeAnswer] {
        let mut steps = 0;
        loop {
            version += 1;
            source.serve(version);
            let relay = Relay::start(server, steps + 1, moment).await;
            let relayed = format!("mongodb://{}", relay.addr);
            let store_relayed = [("MONGODB_URI", relayed.as_str()), ("MONGODB_DATABASE", "killed")];
            let killed = loader(&source, &store_relayed, &log);
            let is_reached = tokio::select! {
                () = relay.reached() => true,
                () = ended(&killed) => false,
            };
            if !is_reached {
                assert_eq!(killed.wait(), 0, "{moment:?}");
                break;
            }
            if moment == Moment::BeforeAnswer {
                // The server is given the time to carry the command out.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            killed.kill();
            steps += 1;
            reader.check(version);

            let status = loader(&source, &store, &log).wait();
            let said = std::fs::read_to_string(&log).unwrap();
            assert_eq!(status, 0, "{moment:?} of command {steps}: {said}");
            reader.until(version).await;
        }
        assert!(steps >= 12, "a run has more than {steps} commands");
    }
    reader.until(version).await;
    reader.check(version);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_time_on_the_embedded_store_it_leaves_the_old_release_or_the_new() {
    let folder = tempfile::tempdir().unwrap();
    let (file, log) = (folder.path().join("blog.sqlite"), folder.path().join("log"));
    let file = file.display().to_string();
    let store = [("SQLITE_PATH", file.as_str())];
    let source = Source::start();
    source.serve(1);
    let started = Instant::now();
    assert_eq!(loader(&source, &store, &log).wait(), 0);
    let whole = started.elapsed();
    let (_api, port) = api(&store, &folder.path().join("api.log"));
    let reader = Reader::start(port).await;

    for step in 1..=25u8 {
        let version = step + 1;
        source.serve(version);
        let killed = loader(&source, &store, &log);
        tokio::time::sleep(whole * u32::from(step) / 25).await;
        killed.kill();
        reader.check(version);

        assert_eq!(loader(&source, &store, &log).wait(), 0, "step {step}");
        reader.until(version).await;
    }
    reader.check(26);
}

async fn ended(process: &Process) {
    while process.is_running() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
