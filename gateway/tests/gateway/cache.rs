//! What is answered from memory, and what is not.

use crate::support::{Behaviour, Page, Replica, TestApp, header, spawn_app, spawn_with};
use futures_util::future::join_all;
use reqwest::{Method, Response};
use std::time::Duration;

const KEPT: &str = "Cache-Control: public, max-age=600\r\n";
const HEALTHY: &str = "upstream_replicas{upstream=\"blog-static\",state=\"healthy\"} 1\n";

async fn page(headers: &str, body: &str) -> (Page, Replica, TestApp) {
    let page = Page::new(200, headers, body);
    let replica = Replica::with_release("one", Behaviour::Page(page.clone())).await;
    let app = spawn_app(&[&replica], &[&replica]);
    app.until_metric(HEALTHY).await;
    (page, replica, app)
}

async fn get(app: &TestApp, path: &str) -> (String, String) {
    read(app.get(path, &[]).await).await
}

/// What `X-Cache` says, and the body.
async fn read(answer: Response) -> (String, String) {
    (header(&answer, "x-cache").to_owned(), answer.text().await.unwrap())
}

fn seen(cache: &str, body: &str) -> (String, String) {
    (cache.to_owned(), body.to_owned())
}

#[tokio::test]
async fn a_page_is_asked_for_once_as_long_as_it_is_fresh() {
    let (_, replica, app) = page(KEPT, "page").await;

    assert_eq!(get(&app, "/a").await, seen("MISS", "page"));
    assert_eq!(get(&app, "/a").await, seen("HIT", "page"));
    assert_eq!(get(&app, "/a?x=1").await, seen("MISS", "page"));

    let again = app.get("/a", &[]).await;
    assert_eq!(header(&again, "age"), "0");
    assert_eq!(header(&again, "x-content-type-options"), "nosniff");
    assert_ne!(header(&again, "x-request-id"), "");
    assert_eq!(replica.requests(), 2);
    app.until_metric("cache_hits_total 2\n").await;
}

#[tokio::test]
async fn many_who_wait_for_one_answer_ask_once() {
    let (page, replica, app) = page(KEPT, "page").await;
    page.change(|page| page.pause = Duration::from_millis(300));

    let answers = join_all((0..40).map(|_| get(&app, "/a"))).await;

    assert!(answers.iter().all(|(_, body)| body == "page"));
    assert_eq!(replica.requests(), 1);
}

#[tokio::test]
async fn a_stale_page_is_sent_while_it_is_asked_for_anew() {
    let (page, replica, app) =
        page("Cache-Control: max-age=1, stale-while-revalidate=600\r\n", "old").await;
    get(&app, "/a").await;
    page.change(|page| {
        page.body = "new".into();
        page.pause = Duration::from_millis(300);
    });
    tokio::time::sleep(Duration::from_millis(1100)).await;

    let answers = join_all((0..10).map(|_| get(&app, "/a"))).await;

    assert!(answers.iter().all(|answer| *answer == seen("STALE", "old")), "{answers:?}");
    while get(&app, "/a").await.1 == "old" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(replica.requests(), 2);
}

#[tokio::test]
async fn pages_survive_their_service() {
    let (page, _, app) = page("Cache-Control: max-age=1, stale-if-error=600\r\n", "page").await;
    get(&app, "/a").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;

    for status in [500, 503, Page::RESETS] {
        page.change(|page| page.status = status);
        assert_eq!(get(&app, "/a").await, seen("STALE", "page"), "{status}");
    }
    assert_ne!(app.get("/never-seen", &[]).await.status(), 200);
    page.change(|page| page.status = 200);
    assert_eq!(get(&app, "/a").await, seen("MISS", "page"));
}

#[tokio::test]
async fn while_a_service_is_gone_one_reader_tries_and_the_others_wait_once() {
    let (page, replica, app) =
        page("Cache-Control: max-age=1, stale-if-error=600\r\n", "page").await;
    get(&app, "/a").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    page.change(|page| {
        page.status = Page::RESETS;
        page.pause = Duration::from_millis(300);
    });

    let answers = join_all((0..20).map(|_| get(&app, "/a"))).await;

    assert!(answers.iter().all(|answer| *answer == seen("STALE", "page")), "{answers:?}");
    assert_eq!(replica.requests(), 2);
}

#[tokio::test]
async fn a_new_release_is_seen_at_once_and_asked_for_once() {
    let page = Page::new(200, KEPT, "old");
    let replica = Replica::of_changing("one", Behaviour::Page(page.clone())).await;
    let app = spawn_app(&[], &[&replica]);
    app.until_metric(HEALTHY).await;
    get(&app, "/a").await;
    get(&app, "/assets/style.1.css").await;
    assert_eq!(get(&app, "/a").await, seen("HIT", "old"));

    page.change(|page| page.body = "new".into());
    replica.now_serves("two").await;
    page.change(|page| page.pause = Duration::from_millis(200));
    let before = replica.requests();
    let answers = join_all((0..20).map(|_| get(&app, "/a"))).await;

    assert!(answers.iter().all(|(_, body)| body == "new"), "{answers:?}");
    assert_eq!(replica.requests(), before + 1);
    // A page of the old release may still ask for it, and its name says what is in it.
    assert_eq!(get(&app, "/assets/style.1.css").await, seen("HIT", "old"));
}

#[tokio::test]
async fn a_page_of_the_release_before_is_better_than_none() {
    let page = Page::new(200, KEPT, "old");
    let replica = Replica::of_changing("one", Behaviour::Page(page.clone())).await;
    let app = spawn_app(&[], &[&replica]);
    app.until_metric(HEALTHY).await;
    get(&app, "/a").await;

    replica.now_serves("two").await;
    page.change(|page| page.status = Page::RESETS);

    assert_eq!(get(&app, "/a").await, seen("STALE", "old"));
}

#[tokio::test]
async fn what_is_not_there_is_not_asked_for_again_for_a_while() {
    let (page, replica, app) = page("", "nothing").await;
    page.change(|page| page.status = 404);

    for _ in 0..3 {
        assert_eq!(app.get("/gone", &[]).await.status(), 404);
    }
    assert_eq!(replica.requests(), 1);
    // A file may come with the next release.
    app.get("/assets/gone.css", &[]).await;
    app.get("/assets/gone.css", &[]).await;
    assert_eq!(replica.requests(), 3);
}

#[tokio::test]
async fn a_part_and_what_is_known_already_come_from_memory() {
    let headers = format!("{KEPT}ETag: \"t\"\r\nAccept-Ranges: bytes\r\n");
    let (_, replica, app) = page(&headers, "0123456789").await;
    get(&app, "/a").await;

    let part = app.get("/a", &[("range", "bytes=2-4")]).await;
    assert_eq!((part.status().as_u16(), header(&part, "content-range")), (206, "bytes 2-4/10"));
    assert_eq!(part.text().await.unwrap(), "234");
    let beyond = app.get("/a", &[("range", "bytes=10-")]).await;
    assert_eq!((beyond.status().as_u16(), header(&beyond, "content-range")), (416, "bytes */10"));
    let changed = app.get("/a", &[("range", "bytes=2-4"), ("if-range", "\"other\"")]).await;
    assert_eq!(changed.status(), 200);
    let known = app.get("/a", &[("if-none-match", "\"x\", W/\"t\"")]).await;
    assert_eq!((known.status().as_u16(), header(&known, "etag")), (304, "\"t\""));
    assert_eq!(known.text().await.unwrap(), "");
    let head = app.request(Method::HEAD, "/a").await;
    assert_eq!(header(&head, "content-length"), "10");
    assert_eq!(replica.requests(), 1);
}

#[tokio::test]
async fn each_client_gets_the_coding_that_it_takes() {
    let headers = format!("{KEPT}Vary: Accept-Encoding\r\n");
    let page = Page::new(200, &headers, "");
    let replica = Replica::with_release("one", Behaviour::Page(page.clone())).await;
    let app = spawn_app(&[], &[&replica]);
    let ask =
        async |codings: &str| read(app.get("/a", &[("accept-encoding", codings)]).await).await;

    for (accepted, body) in [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("identity", "plain")] {
        page.change(|page| page.body = body.into());
        assert_eq!(ask(accepted).await, seen("MISS", body));
    }
    assert_eq!(ask("br;q=1.0, gzip;q=0.8").await, seen("HIT", "br"));
    assert_eq!(ask("gzip, br;q=0").await, seen("HIT", "gzip"));
    assert_eq!(ask("").await, seen("HIT", "plain"));
    assert!(
        page.last_request().contains("accept-encoding: \r\n")
            || !page.last_request().contains("accept-encoding")
    );
}

#[tokio::test]
async fn what_may_not_be_kept_is_asked_for_each_time() {
    for headers in [
        "",
        "Cache-Control: no-store\r\n",
        "Cache-Control: public, no-cache\r\n",
        "Cache-Control: private, max-age=60\r\n",
        "Cache-Control: max-age=60\r\nSet-Cookie: a=b\r\n",
        "Cache-Control: max-age=60\r\nVary: Cookie\r\n",
        "Cache-Control: max-age=60\r\nVary: *\r\n",
    ] {
        let (_, replica, app) = page(headers, "page").await;
        let answers = [get(&app, "/a").await, get(&app, "/a").await];
        assert!(answers.iter().all(|(cache, _)| cache != "HIT"), "{headers:?}: {answers:?}");
        assert_eq!(replica.requests(), 2, "{headers:?}");
    }

    let (_, replica, app) = page(KEPT, "page").await;
    let secret = [("authorization", "Basic eDp5")];
    app.get("/a", &secret).await;
    app.get("/a", &secret).await;
    app.post("/api/x").await;
    app.post("/api/x").await;
    assert_eq!(replica.requests(), 4);
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_too_large_is_not_kept() {
    let half = Replica::start(Behaviour::Half).await;
    let app = spawn_app(&[], &[&half]);
    for _ in 0..2 {
        assert!(app.get("/a", &[]).await.bytes().await.is_err());
    }
    assert_eq!(half.requests(), 2);

    let page = Page::new(200, KEPT, &"x".repeat(2000));
    let replica = Replica::with_release("one", Behaviour::Page(page)).await;
    let app = spawn_with(&[], &[&replica], |settings| settings.cache_bytes = 8000);
    get(&app, "/a").await;
    get(&app, "/a").await;
    assert_eq!(replica.requests(), 2);
}

#[tokio::test]
async fn an_address_is_forgotten_on_request_from_inside_alone() {
    let (_, replica, app) = page(KEPT, "page").await;
    get(&app, "/a").await;
    let purge = Method::from_bytes(b"PURGE").unwrap();

    assert_eq!(app.request(purge.clone(), "/a").await.status(), 204);
    assert_eq!(get(&app, "/a").await, seen("MISS", "page"));

    let outside = spawn_with(&[], &[&replica], |settings| settings.purgers = Vec::new());
    assert_eq!(outside.request(purge, "/a").await.status(), 405);
    assert_eq!(replica.requests(), 2, "no service sees it");
}

#[tokio::test]
async fn an_answer_at_once_is_the_one_that_the_phases_give() {
    let (_page, pages, app) =
        page("Cache-Control: max-age=60\r\nContent-Type: text/html\r\n", "text").await;
    get(&app, "/a").await;
    let raw = async |headers: &str| {
        let request = format!("GET /a HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n");
        let answer = app.raw(request.as_bytes()).await.to_lowercase();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let differs = |line: &&str| {
            ["date: ", "age: ", "x-request-id: "].iter().any(|name| line.starts_with(name))
        };
        let (own, mut same): (Vec<&str>, Vec<&str>) = head.lines().partition(differs);
        same.sort_unstable();
        assert_eq!(own.len(), 3, "{answer}");
        (same.join("\n"), body.to_owned())
    };

    let at_once = raw("").await;
    // Something to think about.
    let by_phases = raw("If-Range: \"x\"\r\n").await;

    assert_eq!(at_once, by_phases);
    assert!(at_once.0.contains("x-cache: hit") && at_once.0.contains("content-security-policy: "));
    assert_eq!(pages.requests(), 1);
    app.until_metric("http_requests_total{route=\"page\",status=\"200\"} 3\n").await;
}

#[tokio::test]
async fn many_requests_in_one_piece_are_answered_in_order() {
    let (_page, pages, app) = page("Cache-Control: max-age=60\r\n", "text").await;
    get(&app, "/a").await;

    let request = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n".repeat(9)
        + "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = app.raw(request.as_bytes()).await;

    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 10, "{answer}");
    assert_eq!(answer.matches("\r\n\r\ntext").count(), 10, "{answer}");
    assert_eq!(pages.requests(), 1);
}
