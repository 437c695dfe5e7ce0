//! Assets that pages of earlier releases name.

use crate::{header, settings};
use blog_static::{Application, Shelf};
use release::{CachePolicy, Compression, Release, ReleaseWriter};
use reqwest::{Client, StatusCode};
use std::path::Path;
use std::time::{Duration, Instant};

const STYLE: &str = "/assets/old.css";

fn built(folder: &Path, style: &str) {
    let mut writer = ReleaseWriter::create(folder, Compression::Balanced).unwrap();
    let page = format!("<link href=\"/assets/{style}.css\">").into_bytes();
    writer.file("/".into(), "text/html", CachePolicy::Page, page).unwrap();
    let text = format!("/* {style} */").repeat(100).into_bytes();
    let route = format!("/assets/{style}.css");
    writer.file(route, "text/css", CachePolicy::Immutable, text).unwrap();
    writer.finish(&[], "/404").unwrap();
}

#[tokio::test]
async fn an_asset_of_the_release_before_is_there_after_the_exchange() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path(), "old");
    let shelf = Shelf::default();
    shelf.put(Release::open(folder.path()).unwrap());
    let app = Application::bind(&settings(), shelf.clone()).unwrap();
    let url = format!("http://{}", app.addr());
    tokio::spawn(app.run(std::future::pending()));
    let client = Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str, coding: &str| {
        let request = client.get(format!("{url}{path}")).header("accept-encoding", coding);
        request.send().await.unwrap()
    };
    let before = get(STYLE, "br").await;

    built(folder.path(), "new");
    shelf.put(Release::open(folder.path()).unwrap());

    assert!(get("/", "").await.text().await.unwrap().contains("new.css"));
    let (plain, brotli) = (get(STYLE, "").await, get(STYLE, "br").await);
    assert_eq!(plain.status(), StatusCode::OK);
    assert_eq!(header(&plain, "cache-control"), CachePolicy::Immutable.header());
    assert_eq!(plain.text().await.unwrap(), "/* old */".repeat(100));
    assert_eq!(header(&brotli, "content-encoding"), "br");
    assert_eq!(header(&brotli, "etag"), header(&before, "etag"));
    assert_eq!(get("/assets/never.css", "").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_carried_later_is_seen_without_a_restart() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    built(old.path(), "old");
    built(new.path(), "new");
    let shelf = Shelf::default();
    let app = Application::bind(&settings(), shelf.clone()).unwrap();
    let url = format!("http://{}{STYLE}", app.addr());
    tokio::spawn(app.run(std::future::pending()));
    tokio::spawn(shelf.follow(new.path().to_owned()));
    let client = Client::builder().no_proxy().build().unwrap();
    let until = async |wanted: StatusCode| {
        let started = Instant::now();
        while client.get(&url).send().await.unwrap().status() != wanted {
            assert!(started.elapsed() < Duration::from_secs(30), "{wanted} never comes");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    until(StatusCode::NOT_FOUND).await;

    release::carry(new.path(), &Release::open(old.path()).unwrap()).unwrap();

    until(StatusCode::OK).await;
}
