//! A real socket in front of a small release.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod carried;
mod command;

use blog_static::{Application, Settings, Shelf};
use release::{CachePolicy, Compression, Release, ReleaseWriter};
use reqwest::{Client, Method, Response, StatusCode, redirect};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A running server; it stops with the test's runtime.
struct TestApp {
    url: String,
    client: Client,
    release: Release,
    admin: SocketAddr,
    shelf: Shelf,
    stop: Option<oneshot::Sender<()>>,
    stopped: tokio::task::JoinHandle<std::io::Result<()>>,
    folder: tempfile::TempDir,
}

const POLICY: &str = "default-src 'none'; script-src 'self'";

fn settings() -> Settings {
    let free: SocketAddr = ([127, 0, 0, 1], 0).into();
    Settings { listen: free, admin_listen: free, ..Settings::default() }
}

fn spawn_app() -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    let writer = ReleaseWriter::create(folder.path(), Compression::Balanced).unwrap();
    let mut writer = writer.with_policy(POLICY.into());
    let html = "text/html; charset=utf-8";
    for (route, text) in
        [("/", "home"), ("/blog/墨", "ink"), ("/search", "find"), ("/404", "nothing here")]
    {
        let bytes = text.repeat(200).into_bytes();
        writer.file(route.into(), html, CachePolicy::Page, bytes).unwrap();
    }
    let picture = (0..=255).collect();
    writer.file("/media/1.png".into(), "image/png", CachePolicy::Immutable, picture).unwrap();
    writer.redirect("/blog/page/墨.md".into(), "/blog/%E5%A2%A8".into()).unwrap();
    writer.finish(&[], "/404").unwrap();

    let release = Release::open(folder.path()).unwrap();
    let shelf = Shelf::default();
    shelf.put(release.clone());
    let app = Application::bind(&settings(), shelf.clone()).unwrap();
    let (url, admin) = (format!("http://{}", app.addr()), app.admin_addr());
    let (stop, asked) = oneshot::channel();
    let stopped = tokio::spawn(app.run(async {
        let _ = asked.await;
    }));
    let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
    TestApp { url, admin, client, release, shelf, stop: Some(stop), stopped, folder }
}

impl TestApp {
    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.url));
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
            .send()
            .await
            .unwrap()
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.ask(Method::GET, path, headers).await
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn a_page_comes_in_the_form_that_the_reader_takes() {
    let app = spawn_app();

    let plain = app.get("/blog/%E5%A2%A8", &[]).await;
    let brotli = app.get("/blog/%E5%A2%A8", &[("accept-encoding", "gzip, br")]).await;

    assert_eq!(plain.status(), StatusCode::OK);
    assert_eq!(header(&plain, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&plain, "cache-control"), CachePolicy::Page.header());
    assert_eq!(header(&plain, "x-release"), app.release.index().id.to_string());
    assert_eq!(header(&brotli, "content-encoding"), "br");
    assert_eq!(header(&brotli, "vary"), "Accept-Encoding");
    assert_ne!(header(&plain, "etag"), header(&brotli, "etag"));
    assert_eq!(plain.text().await.unwrap(), "ink".repeat(200));
}

#[tokio::test]
async fn pages_alone_are_sent_with_the_policy_of_the_release() {
    let app = spawn_app();

    for page in ["/", "/blog/%E5%A2%A8", "/search", "/search?q=ink", "/nothing"] {
        let page = app.get(page, &[]).await;
        assert_eq!(header(&page, "content-security-policy"), POLICY, "{}", page.url());
    }
    for other in ["/media/1.png", "/blog/page/%E5%A2%A8.md", "/_release/release.json"] {
        let other = app.get(other, &[]).await;
        assert_eq!(header(&other, "content-security-policy"), "", "{}", other.url());
    }
}

#[tokio::test]
async fn what_the_reader_has_is_not_sent_again() {
    let app = spawn_app();
    let etag = header(&app.get("/", &[]).await, "etag").to_owned();

    let again = app.get("/", &[("if-none-match", &etag)]).await;

    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(header(&again, "content-security-policy"), POLICY, "it may have changed");
    assert_eq!(again.bytes().await.unwrap().len(), 0);
}

#[tokio::test]
async fn media_come_in_ranges() {
    let app = spawn_app();
    let etag = header(&app.get("/media/1.png", &[]).await, "etag").to_owned();

    let part = app.get("/media/1.png", &[("range", "bytes=10-12"), ("if-range", &etag)]).await;
    let outdated = app.get("/media/1.png", &[("range", "bytes=0-1"), ("if-range", "\"x\"")]).await;
    let beyond = app.get("/media/1.png", &[("range", "bytes=256-")]).await;

    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(&part, "content-range"), "bytes 10-12/256");
    assert_eq!(part.bytes().await.unwrap().as_ref(), [10, 11, 12]);
    assert_eq!(outdated.status(), StatusCode::OK);
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(header(&beyond, "content-range"), "bytes */256");
    assert_eq!(header(&beyond, "cache-control"), "no-store");
}

#[tokio::test]
async fn a_head_request_gets_the_length_and_nothing_else() {
    let app = spawn_app();

    let head = app.ask(Method::HEAD, "/", &[]).await;
    let ranged = app.ask(Method::HEAD, "/media/1.png", &[("range", "bytes=1-2")]).await;

    assert_eq!(header(&head, "content-length"), "800");
    assert_eq!(ranged.status(), StatusCode::OK);
    assert_eq!(head.bytes().await.unwrap().len(), 0);
}

#[tokio::test]
async fn what_is_not_there_is_a_real_404_with_a_page() {
    let app = spawn_app();

    for path in ["/nothing", "/%FF", "/../index.json", "/blobs/", "//evil.example/", "/nothing/"] {
        let missing = app.get(path, &[]).await;
        assert_eq!(missing.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(missing.text().await.unwrap().starts_with("nothing here"), "{path}");
    }
}

#[tokio::test]
async fn old_addresses_redirect_and_other_methods_are_refused() {
    let app = spawn_app();

    let old = app.get("/blog/page/%E5%A2%A8.md", &[]).await;
    let slash = app.get("/blog/%E5%A2%A8/", &[]).await;
    let internal = app.ask(Method::DELETE, "/_release/posts.ndjson", &[]).await;
    let post = app.ask(Method::POST, "/", &[]).await;

    assert_eq!(old.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(header(&old, "location"), "/blog/%E5%A2%A8");
    assert_eq!(header(&slash, "location"), "/blog/%E5%A2%A8");
    assert_eq!(internal.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&post, "allow"), "GET, HEAD");
}

#[tokio::test]
async fn neighbours_are_told_which_release_is_served() {
    let app = spawn_app();

    let manifest = app.get("/_release/release.json", &[]).await.text().await.unwrap();
    let posts = app.get("/_release/posts.ndjson", &[]).await;

    assert!(manifest.contains(&app.release.index().id.to_string()), "{manifest}");
    assert_eq!(header(&posts, "content-length"), "0");
}

#[tokio::test]
async fn it_stops_when_it_is_told_to() {
    let mut app = spawn_app();
    app.get("/", &[]).await.bytes().await.unwrap();

    app.stop.take().unwrap().send(()).unwrap();

    app.stopped.await.unwrap().unwrap();
}

#[tokio::test]
async fn several_lines_of_one_header_are_one_list() {
    let app = spawn_app();
    let etag = header(&app.get("/", &[]).await, "etag").to_owned();

    let known = app.get("/", &[("if-none-match", "\"x\""), ("if-none-match", &etag)]).await;
    let brotli =
        app.get("/", &[("accept-encoding", "gzip;q=0.1"), ("accept-encoding", "br")]).await;

    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(header(&brotli, "content-encoding"), "br");
}

#[tokio::test]
async fn a_blob_that_is_lost_is_said_to_be_and_the_rest_goes_on() {
    let app = spawn_app();
    std::fs::remove_dir_all(app.folder.path().join("blobs")).unwrap();

    let lost = app.get("/", &[]).await;

    assert_eq!(lost.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(header(&lost, "cache-control"), "no-store");
    assert_eq!(app.get("/_release/release.json", &[]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn it_waits_for_a_release_and_takes_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::default();
    let app = Application::bind(&settings(), shelf.clone()).unwrap();
    let (url, admin) = (format!("http://{}", app.addr()), app.admin_addr());
    tokio::spawn(app.run(std::future::pending()));
    tokio::spawn(shelf.follow(folder.path().to_owned()));
    let client = Client::builder().no_proxy().build().unwrap();

    let early = client.get(&url).send().await.unwrap();
    assert_eq!(early.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!header(&early, "retry-after").is_empty());
    assert!(service_kit::healthcheck(admin, "/readyz").await.is_err());

    for text in ["first", "second release"] {
        let mut writer = ReleaseWriter::create(folder.path(), Compression::None).unwrap();
        let bytes = text.as_bytes().to_vec();
        writer.file("/".into(), "text/plain", CachePolicy::Page, bytes).unwrap();
        writer.finish(&[], "/404").unwrap();
        let started = Instant::now();
        while client.get(&url).send().await.unwrap().text().await.unwrap() != text {
            assert!(started.elapsed() < Duration::from_secs(30), "`{text}` is never served");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    service_kit::healthcheck(admin, "/readyz").await.unwrap();
}

#[tokio::test]
async fn an_exchange_is_seen_by_the_next_request() {
    let app = spawn_app();
    let mut writer = ReleaseWriter::create(app.folder.path(), Compression::None).unwrap();
    writer.file("/".into(), "text/plain", CachePolicy::Page, b"new".to_vec()).unwrap();
    writer.finish(&[], "/404").unwrap();
    let before = app.get("/_release/release.json", &[]).await.text().await.unwrap();

    app.shelf.put(Release::open(app.folder.path()).unwrap());

    assert!(before.contains(&app.release.index().id.to_string()));
    assert_eq!(app.get("/", &[]).await.text().await.unwrap(), "new");
    service_kit::healthcheck(app.admin, "/livez").await.unwrap();
}
