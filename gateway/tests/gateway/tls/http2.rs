//! Answers from memory over HTTP/2.

use super::{http2, self_signed};
use crate::support::{Behaviour, Page, Replica, spawn_with};
use std::collections::BTreeMap;
use std::time::Duration;

#[tokio::test]
async fn a_plain_request_is_answered_as_the_phases_would_answer_it() {
    let page = Page::new(
        200,
        "Cache-Control: max-age=60\r\nContent-Type: text/html\r\nETag: \"a\"\r\nVary: Accept-Encoding\r\n",
        "a page",
    );
    let pages = Replica::start(Behaviour::Page(page.clone())).await;
    let app = spawn_with(&[], &[&pages], self_signed);
    let (client, _connection) = http2(app.tls.unwrap(), "localhost").await;
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = http::Request::get("https://localhost/a?b");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut client = client.clone().ready().await.unwrap();
        let (answer, _) = client.send_request(request.body(()).unwrap(), true).unwrap();
        let (head, mut body) = answer.await.unwrap().into_parts();
        let mut text = Vec::new();
        while let Some(piece) = body.data().await {
            text.extend_from_slice(&piece.unwrap());
        }
        let mut lines: BTreeMap<String, String> = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        assert_eq!(lines.remove("x-request-id").unwrap().len(), 32);
        (head.status, lines, String::from_utf8(text).unwrap())
    };
    let first = ask(&[]).await;
    assert_eq!((first.0.as_u16(), first.1["x-cache"].as_str()), (200, "MISS"));

    let plainly = ask(&[("cookie", "a=b"), ("accept", "text/html")]).await;
    // Another ETag, so that the whole answer is sent.
    let through_phases = ask(&[("if-none-match", "\"b\"")]).await;

    assert_eq!(plainly.1["x-cache"], "HIT");
    assert_eq!(plainly.2, "a page");
    assert_eq!(plainly, through_phases);
    assert_eq!(ask(&[("if-none-match", "\"a\"")]).await.0.as_u16(), 304);
    assert_eq!(pages.requests(), 1);
    app.until_metric("cache_hits_total 3").await;
    app.until_metric("http_requests_total{route=\"page\",status=\"200\"} 3").await;
}

#[tokio::test]
async fn an_answer_that_ends_while_the_gateway_stops_arrives_whole() {
    // Longer than clients that have gone without a word are waited for.
    let slow = Replica::start(Behaviour::Slow(Duration::from_millis(1500))).await;
    let mut app = spawn_with(&[&slow], &[], |settings| {
        self_signed(settings);
        settings.upstream.read_timeout = Duration::from_secs(20);
        settings.lame_duck = Duration::ZERO;
    });
    let mut asked = Vec::new();
    for _ in 0..16 {
        let (client, _connection) = http2(app.tls.unwrap(), "localhost").await;
        let mut client = client.ready().await.unwrap();
        let request = http::Request::get("https://localhost/api/x").body(()).unwrap();
        asked.push(client.send_request(request, true).unwrap().0);
    }
    while slow.requests() < asked.len() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    app.stop.take().unwrap().send(()).unwrap();

    for answer in asked {
        let mut body = answer.await.unwrap().into_body();
        assert_eq!(body.data().await.unwrap().unwrap(), "slow");
        assert!(body.data().await.is_none());
    }
    app.stopped.await.unwrap().unwrap();
}
