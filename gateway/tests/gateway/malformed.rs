//! Requests that no service should see, byte for byte.

use crate::support::{Behaviour, Replica, spawn_app, spawn_with};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn what_services_could_read_differently_is_refused() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_app(&[&pages], &[&pages]);
    let large = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", "a".repeat(33 * 1024));

    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET /a/../_release/x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /%2e%2e/x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /a%2Fb HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /a%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /100% HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nX_Forwarded_For: 1.1.1.1\r\n\r\n", 400),
        ("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (large.as_str(), 431),
    ] {
        let answer = app.raw(request.as_bytes()).await;
        let shown = &request[..request.len().min(60)];
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{shown:?}: {answer}");
    }
    assert_eq!(pages.requests(), 0, "no service saw any of them");
}

#[tokio::test]
async fn headers_that_never_end_are_cut_off() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_with(&[], &[&pages], |settings| {
        settings.header_timeout = Duration::from_secs(1);
    });
    let mut stream = TcpStream::connect(app.addr).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();

    let started = Instant::now();
    let mut buffer = [0; 64];
    // A byte now and then resets any timeout that is for each read.
    loop {
        let closed = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut buffer));
        match closed.await {
            Ok(_) => break,
            Err(_) => {
                let _ = stream.write_all(b"X").await;
            }
        }
        assert!(started.elapsed() < Duration::from_secs(10), "it is still waiting");
    }

    assert!(started.elapsed() >= Duration::from_millis(900), "{:?}", started.elapsed());
    assert_eq!(pages.requests(), 0);
    assert_eq!(app.get("/", &[]).await.status(), 200);
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let pages = Replica::start(Behaviour::Status(200, "ok")).await;
    let app = spawn_app(&[], &[&pages]);
    let one = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut stream = TcpStream::connect(app.addr).await.unwrap();

    let mut answers = String::new();
    for request in [one, one, last] {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"ok") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
        }
        answers.push_str(&String::from_utf8_lossy(&answer));
    }

    assert_eq!(answers.matches("HTTP/1.1 200").count(), 3, "{answers}");
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0, "it was asked to close");
}
