//! Requests that no service should see, byte for byte.

use crate::support::{Behaviour, Replica, spawn_app, spawn_with};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn what_services_could_read_differently_is_refused() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_app(&[&pages], &[&pages]);
    let get = |headers: &str| format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
    let post = |headers: &str| format!("POST / HTTP/1.1\r\nHost: x\r\n{headers}\r\nab");
    let line = |line: &str| format!("{line}\r\nHost: x\r\n\r\n");
    let many = "A: b\r\n".repeat(101);

    for (request, status) in [
        // Two lengths, or none that all read alike.
        (post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"), 400),
        (post("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n"), 400),
        (post("Content-Length: 1\r\nContent-Length: 2\r\n"), 400),
        (post("Content-Length: 2\r\nContent-Length: 2\r\n"), 400),
        (post("Content-Length: 2, 2\r\n"), 400),
        (post("Content-Length: +2\r\n"), 400),
        (post("Content-Length: -2\r\n"), 400),
        (post("Content-Length: 0x2\r\n"), 400),
        (post("Content-Length: \r\n"), 400),
        (post("Content-Length: 99999999999999999999\r\n"), 400),
        (post("Transfer-Encoding: gzip, chunked\r\n"), 400),
        (post("Transfer-Encoding: chunked, chunked\r\n"), 400),
        (post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400),
        (post("Transfer-Encoding: identity\r\n"), 400),
        (post("Transfer-Encoding: xchunked\r\n"), 400),
        (post("Transfer-Encoding: \x0bchunked\r\n"), 400),
        (post("Transfer-Encoding : chunked\r\n"), 400),
        (post("Content-Length : 2\r\n"), 400),
        (get("Content-Length: 5\r\n"), 400),
        (get("Transfer-Encoding: chunked\r\n"), 400),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".into(), 400),
        // Lines.
        ("GET / HTTP/1.1\nHost: x\n\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: x\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n".into(), 400),
        (get("A: b\r\n c\r\n"), 400),
        (get(" A: b\r\n"), 400),
        (get("A\r\n"), 400),
        (get(": b\r\n"), 400),
        (get("A b: c\r\n"), 400),
        (get("A(b: c\r\n"), 400),
        (get("A: b\0c\r\n"), 400),
        (get("A: \x7f\r\n"), 400),
        (get("X_Forwarded_For: 1.1.1.1\r\n"), 400),
        (get("Expect: the-unexpected\r\n"), 417),
        // The request line.
        (line("GET  / HTTP/1.1"), 400),
        (line("GET / HTTP/1.1 "), 400),
        (line(" GET / HTTP/1.1"), 400),
        (line("GET /\tx HTTP/1.1"), 400),
        (line("GET /"), 400),
        (line("G<T / HTTP/1.1"), 400),
        (line("GET /\u{58a8} HTTP/1.1"), 400),
        (line("GET / HTTP/2.0"), 505),
        (line("GET / HTTP/1.2"), 505),
        (line("GET / HTTP/0.9"), 505),
        (line("GET / http/1.1"), 400),
        (line("TRACE / HTTP/1.1"), 405),
        (line("CONNECT x:80 HTTP/1.1"), 405),
        // The address.
        (line("GET http:/x HTTP/1.1"), 400),
        (line("GET http://user@x/ HTTP/1.1"), 400),
        (line("GET http:///x HTTP/1.1"), 400),
        (line("GET ftp://x/ HTTP/1.1"), 400),
        (line("GET http://x/a/../_release/x HTTP/1.1"), 400),
        (line("GET http://x/_release/x HTTP/1.1"), 404),
        ("GET http://x/ HTTP/1.1\r\n\r\n".into(), 400),
        ("GET http://x/ HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n".into(), 400),
        (line("GET //x/../_release/x HTTP/1.1"), 400),
        (line("GET /a/../_release/x HTTP/1.1"), 400),
        (line("GET /%2e%2e/x HTTP/1.1"), 400),
        (line("GET /.%2E/x HTTP/1.1"), 400),
        (line("GET /a%2Fb HTTP/1.1"), 400),
        (line("GET /a%5cb HTTP/1.1"), 400),
        (line("GET /a\\b HTTP/1.1"), 400),
        (line("GET /a%00 HTTP/1.1"), 400),
        (line("GET /a%0d%0aX: HTTP/1.1"), 400),
        (line("GET /100% HTTP/1.1"), 400),
        (line("GET * HTTP/1.1"), 400),
        (line("GET x HTTP/1.1"), 400),
        (line(&format!("GET /{} HTTP/1.1", "a".repeat(9000))), 414),
        // The host.
        ("GET / HTTP/1.1\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n".into(), 400),
        (get("Host: y\r\n"), 400),
        (get("Host: x\r\n"), 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n".into(), 400),
        // Too much.
        (get(&many), 431),
        (get(&format!("Cookie: {}\r\n", "a".repeat(33 * 1024))), 431),
        (post("Content-Length: 65537\r\n"), 413),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n".into(), 400),
    ] {
        let answer = app.raw(request.as_bytes()).await;
        let shown = &request[..request.len().min(80)];
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{shown:?}: {answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{shown:?}: {answer}");
        let says_what_is_allowed = answer.contains("\r\nallow: GET, HEAD, POST\r\n");
        assert_eq!(says_what_is_allowed, status == 405, "{shown:?}: {answer}");
    }
    assert_eq!(pages.requests(), 0, "no service saw any of them");
}

#[tokio::test]
async fn what_was_smuggled_behind_a_refused_request_is_not_answered() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_app(&[&pages], &[&pages]);
    let request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
                   0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

    let answer = app.raw(request.as_bytes()).await;

    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert_eq!(pages.requests(), 0);
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_off_at_the_same_size() {
    let api = Replica::start(Behaviour::Body).await;
    let app = spawn_app(&[&api], &[]);
    let head = "POST /api/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("8000\r\n{}\r\n", "a".repeat(0x8000));

    let small = app.raw(format!("{head}2\r\nab\r\n0\r\n\r\n").as_bytes()).await;
    let large = app.raw(format!("{head}{chunk}{chunk}{chunk}0\r\n\r\n").as_bytes()).await;

    assert!(small.starts_with("HTTP/1.1 200 "), "{small}");
    assert!(large.starts_with("HTTP/1.1 413 "), "{large}");
}

#[tokio::test]
async fn empty_lines_before_a_request_are_passed_over() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_app(&[], &[&pages]);

    let request = b"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    assert!(app.raw(request).await.starts_with("HTTP/1.1 200 "));
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
    let answer = loop {
        let closed = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut buffer));
        match closed.await {
            Ok(read) => break buffer[..read.unwrap()].to_vec(),
            Err(_) => {
                let _ = stream.write_all(b"X").await;
            }
        }
        assert!(started.elapsed() < Duration::from_secs(10), "it is still waiting");
    };

    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{}", answer.escape_ascii());
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
