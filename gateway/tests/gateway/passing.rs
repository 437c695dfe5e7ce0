//! What is passed on piece by piece, and what is said in another way.

use crate::support::{Behaviour, Replica, spawn_app};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Reads until `end` has come.
async fn read_to(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains(end) {
        let more = tokio::time::timeout(Duration::from_secs(10), stream.read_buf(&mut read)).await;
        assert!(more.expect("it comes").unwrap() > 0, "{}", String::from_utf8_lossy(&read));
    }
    String::from_utf8_lossy(&read).into_owned()
}

#[tokio::test]
async fn a_piece_of_an_answer_is_there_before_the_next_is_made() {
    let next = Arc::new(Notify::new());
    let pages = Replica::start(Behaviour::Stream(next.clone())).await;
    let app = spawn_app(&[], &[&pages]);
    let mut stream = TcpStream::connect(app.addr).await.unwrap();
    stream.write_all(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();

    let first = read_to(&mut stream, "one").await;
    assert!(!first.contains("two"), "{first}");
    next.notify_one();

    read_to(&mut stream, "two").await;
}

#[tokio::test]
async fn a_web_socket_passes_both_ways_and_may_be_silent() {
    const BYTES: usize = 200_000;
    let pages = Replica::start(Behaviour::Upgrade).await;
    let app = spawn_app(&[], &[&pages]);
    let mut stream = TcpStream::connect(app.addr).await.unwrap();
    let head = "GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read_to(&mut stream, "\r\n\r\n").await.to_lowercase();
    assert!(
        answer.starts_with("http/1.1 101 ") && answer.contains("upgrade: websocket"),
        "{answer}"
    );

    stream.write_all(b"first").await.unwrap();
    read_to(&mut stream, "first").await;
    // Longer than a pause in an answer may be.
    tokio::time::sleep(Duration::from_millis(800)).await;
    let (mut from, mut to) = stream.split();
    // More than a body may have.
    let more = vec![b'x'; BYTES];
    let mut back = vec![0; BYTES];
    let (sent, read) = tokio::join!(to.write_all(&more), from.read_exact(&mut back));

    sent.unwrap();
    read.unwrap();
    assert_eq!(back, more);
}

#[tokio::test]
async fn the_host_in_an_absolute_address_counts() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_app(&[], &[&pages]);

    let request = "GET http://blog.example/a?b HTTP/1.1\r\nHost: other.example\r\n\
                   Connection: close\r\n\r\n";
    let answer = app.raw(request.as_bytes()).await.to_lowercase();

    assert!(answer.contains("get /a?b http/1.1\r\n"), "{answer}");
    assert!(answer.contains("\r\nhost: blog.example\r\n"), "{answer}");
    assert!(answer.contains("x-forwarded-host: blog.example\r\n"), "{answer}");
    assert!(!answer.contains("other.example"), "{answer}");
}
