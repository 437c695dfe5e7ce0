//! What one client may have, and what pages may do.

use crate::support::{Behaviour, Replica, header, spawn_app, spawn_with};
use gateway::ProxyProtocol;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_client_that_asks_too_often_is_told_so_and_others_are_served() {
    let pages = Replica::start(Behaviour::Status(200, "ok")).await;
    let app = spawn_with(&[], &[&pages], |settings| {
        settings.clients.rate = 1;
        settings.trusted = vec!["127.0.0.0/8".parse().unwrap()];
    });
    let get = async |client: &str| app.get("/", &[("x-forwarded-for", client)]).await;

    let started = Instant::now();
    let mut refused = Vec::new();
    for at in 0..30 {
        // One subscriber's network is one client.
        for client in ["203.0.113.9".to_owned(), format!("2001:db8::{at}")] {
            let answer = get(&client).await;
            if answer.status() != 200 {
                refused.push(answer);
            }
        }
    }
    let allowed = 2 * (2 + usize::try_from(started.elapsed().as_secs()).unwrap() + 1);

    assert!(refused.len() >= 60 - allowed, "{} were refused", refused.len());
    assert!(refused.iter().all(|answer| answer.status() == 429));
    app.until_metric("limits_hit_total{limit=\"client_rate\"}").await;
    assert!(!header(&refused[0], "retry-after").is_empty());
    assert_eq!(get("203.0.113.10").await.status(), 200);
    assert_eq!(get("192.168.1.1").await.status(), 200);
    assert_eq!(get("2001:db8:0:1::1").await.status(), 200);
}

#[tokio::test]
async fn a_client_with_too_many_connections_gets_no_more() {
    let pages = Replica::start(Behaviour::Status(200, "ok")).await;
    let app = spawn_with(&[], &[&pages], |settings| {
        settings.clients.connections = 2;
        settings.proxy_protocol = ProxyProtocol::Required;
    });
    let ask = async |client: &str| {
        let mut stream = TcpStream::connect(app.addr).await.unwrap();
        let head = format!("PROXY TCP4 {client} 10.0.0.1 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let read = stream.read(&mut [0; 512]).await.unwrap_or(0);
        (stream, read > 0)
    };

    let (one, one_served) = ask("203.0.113.9").await;
    let (_two, two_served) = ask("203.0.113.9").await;
    let (_, three_served) = ask("203.0.113.9").await;
    let (_, other_served) = ask("203.0.113.10").await;

    assert_eq!((one_served, two_served, three_served, other_served), (true, true, false, true));
    drop(one);
    app.until_metric("connections_open 1\n").await;
    assert!(ask("203.0.113.9").await.1);
    app.until_metric("connections_turned_away_total 1\n").await;
    app.until_metric("limits_hit_total{limit=\"client_connections\"} 1\n").await;
}

#[tokio::test]
async fn all_clients_together_have_no_more_than_the_cap() {
    let app = spawn_with(&[], &[], |settings| settings.max_connections = 1);
    let _held = TcpStream::connect(app.addr).await.unwrap();
    app.until_metric("connections_open 1\n").await;

    let mut more = TcpStream::connect(app.addr).await.unwrap();

    assert_eq!(more.read(&mut [0; 8]).await.unwrap_or(0), 0);
    app.until_metric("connections_turned_away_total 1\n").await;
    app.until_metric("limits_hit_total{limit=\"connections\"} 1\n").await;
}

#[tokio::test]
async fn a_page_says_what_it_may_do_and_a_picture_does_not() {
    let pages = Replica::start(Behaviour::Status(200, "ok")).await;
    let app = spawn_app(&[], &[&pages]);

    let answer = app.get("/", &[("accept", "text/html")]).await;
    let refused = app.get("/_x", &[("accept", "text/html")]).await;

    assert_eq!(header(&answer, "content-security-policy"), "", "a replica that says no type");
    assert!(header(&refused, "content-security-policy").contains("default-src 'none'"));
    assert_eq!(header(&refused, "x-frame-options"), "DENY");
    assert_eq!(header(&refused, "x-content-type-options"), "nosniff");
}
