//! Connections that wait without a task.

use crate::support::{Behaviour, Replica, TestApp, spawn_with};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const REQUEST: &[u8] = b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n";

async fn answered(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"the page") {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "{answer:?}");
    }
    String::from_utf8(answer).unwrap()
}

/// So many connections, each of which has had an answer and is parked.
async fn parked(app: &TestApp, count: usize) -> Vec<TcpStream> {
    let mut all = Vec::new();
    for _ in 0..count {
        let mut one = TcpStream::connect(app.addr).await.unwrap();
        one.write_all(REQUEST).await.unwrap();
        answered(&mut one).await;
        all.push(one);
    }
    app.until_metric(&format!("connections_parked {count}\n")).await;
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_connection_goes_on_whenever_its_client_does() {
    let pages = Replica::start(Behaviour::Status(200, "the page")).await;
    // A busy machine is not what this is about.
    let app = spawn_with(&[], &[&pages], |settings| {
        settings.upstream.read_timeout = Duration::from_secs(30);
        settings.upstream.connect_timeout = Duration::from_secs(30);
    });
    let mut all = parked(&app, 300).await;

    for _ in 0..2 {
        for one in &mut all {
            one.write_all(REQUEST).await.unwrap();
        }
        for one in &mut all {
            answered(one).await;
        }
        app.until_metric("connections_parked 300\n").await;
    }
    // A head in pieces, with a pause that is longer than it takes to be parked.
    let (begin, end) = REQUEST.split_at(10);
    all[0].write_all(begin).await.unwrap();
    app.until_metric("connections_parked 299\n").await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    all[0].write_all(end).await.unwrap();
    assert!(answered(&mut all[0]).await.starts_with("HTTP/1.1 200"));
    assert!(app.metrics().await.contains("connections_open 300\n"));

    drop(all);
    app.until_metric("connections_open 0\n").await;
    app.until_metric("connections_parked 0\n").await;
}

#[tokio::test]
async fn a_parked_connection_is_counted_as_its_clients() {
    let pages = Replica::start(Behaviour::Status(200, "the page")).await;
    let app = spawn_with(&[], &[&pages], |settings| {
        settings.clients.connections = 2;
        settings.clients.unlimited.clear();
    });
    let mut all = parked(&app, 2).await;

    let mut third = TcpStream::connect(app.addr).await.unwrap();
    let is_closed = third.read(&mut [0]).await;
    assert!(matches!(is_closed, Ok(0) | Err(_)), "{is_closed:?}");

    all.pop();
    app.until_metric("connections_open 1\n").await;
    assert_eq!(parked(&app, 1).await.len() + all.len(), 2);
}

#[tokio::test]
async fn a_client_that_says_nothing_is_let_go_in_time() {
    let app = spawn_with(&[], &[], |settings| settings.header_timeout = Duration::from_secs(2));
    let began = Instant::now();
    let mut silent = TcpStream::connect(app.addr).await.unwrap();
    app.until_metric("connections_parked 1\n").await;

    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);

    let took = began.elapsed();
    assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(10), "{took:?}");
    app.until_metric("connections_parked 0\n").await;
}

#[tokio::test]
async fn parked_connections_end_when_the_gateway_stops() {
    let pages = Replica::start(Behaviour::Status(200, "the page")).await;
    let mut app = spawn_with(&[], &[&pages], |settings| {
        settings.lame_duck = Duration::from_millis(200);
        settings.drain = Duration::from_mins(1);
    });
    let mut all = parked(&app, 2).await;

    app.stop.take().unwrap().send(()).unwrap();
    app.stopped.await.unwrap().unwrap();

    for one in &mut all {
        assert_eq!(one.read(&mut [0]).await.unwrap(), 0, "closed, and not reset");
    }
}
