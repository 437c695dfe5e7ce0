//! What is passed on without pingora: the API's answers that may not be kept.

use crate::support::{Replica, TestApp, header, spawn_app};
use reqwest::StatusCode;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the API does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Answer,
    /// Answers, and closes a moment later without having said so.
    AnswerAndClose,
    /// Answers with a length that nobody knew before.
    Chunks,
    /// Answers this status.
    Status(u16),
    /// Promises more than it sends.
    Half,
    Reset,
    Hang,
}

/// An API whose answers may not be kept, and that keeps its connections.
#[derive(Debug, Clone)]
struct Api {
    addr: SocketAddr,
    mode: Arc<Mutex<Mode>>,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Api {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = Self {
            addr: listener.local_addr().unwrap(),
            mode: Arc::new(Mutex::new(Mode::Answer)),
            connections: Arc::default(),
            heads: Arc::default(),
        };
        let ours = api.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                ours.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(ours.clone().serve(stream));
            }
        });
        api
    }

    async fn serve(self, mut stream: TcpStream) {
        const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: a/1\r\n\
                            Cache-Control: no-store\r\nX-Mark: one\r\nX-Mark: two\r\n";
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                    return;
                }
            }
            self.heads.lock().unwrap().push(String::from_utf8(head).unwrap().to_lowercase());
            let mode = *self.mode.lock().unwrap();
            let answer = match mode {
                Mode::Answer | Mode::AnswerAndClose => {
                    format!("{HEAD}Content-Length: 2\r\n\r\n{{}}")
                }
                Mode::Chunks => {
                    format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n")
                }
                Mode::Status(status) => format!(
                    "{}Content-Length: 2\r\n\r\n{{}}",
                    HEAD.replace("200", &status.to_string())
                ),
                Mode::Half => format!("{HEAD}Content-Length: 9\r\n\r\n{{}}"),
                Mode::Reset => return,
                Mode::Hang => std::future::pending().await,
            };
            let _ = stream.write_all(answer.as_bytes()).await;
            if matches!(mode, Mode::AnswerAndClose | Mode::Half) {
                return;
            }
        }
    }

    fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    fn last_head(&self) -> BTreeSet<String> {
        lines(self.heads.lock().unwrap().last().unwrap())
    }
}

/// Header lines, but for those that differ by what they are for.
fn lines(head: &str) -> BTreeSet<String> {
    let differs = ["x-request-id", "if-none-match"];
    let lines = head.split("\r\n\r\n").next().unwrap().lines();
    let lines = lines.filter(|line| !differs.iter().any(|name| line.starts_with(name)));
    lines.map(str::to_owned).collect()
}

/// A gateway before these, which knows that the answer for `/api/a` may not be kept.
async fn before(apis: &[&Api]) -> TestApp {
    let mut replicas = Vec::new();
    for api in apis {
        replicas.push(Replica::at(api.addr).await);
    }
    let app = spawn_app(&replicas.iter().collect::<Vec<_>>(), &[]);
    let first = app.get("/api/a", &[]).await;
    assert_eq!((first.status(), header(&first, "x-cache")), (StatusCode::OK, "MISS"));
    app
}

#[tokio::test]
async fn question_and_answer_are_the_same_as_through_pingora() {
    let api = Api::start().await;
    let app = before(&[&api]).await;
    let ask = async |more: &str| {
        let request = format!(
            "GET /api/a?b=%E5%A2%A8 HTTP/1.1\r\nHost: blog.example\r\nAccept-Encoding: gzip, deflate, br\r\n\
             Cookie: a=b\r\nX-Forwarded-For: 203.0.113.9\r\nX-Twice: 1\r\nX-Twice: 2\r\n\
             Traceparent: odd\r\nConnection: close\r\n{more}\r\n"
        );
        let answer = app.raw(request.as_bytes()).await.to_lowercase();
        assert!(answer.ends_with("\r\n\r\n{}"), "{answer}");
        (lines(&answer), api.last_head())
    };
    ask("").await;

    let plainly = ask("").await;
    let connections = api.connections.load(Ordering::SeqCst);
    let through_pingora = ask("If-None-Match: \"x\"\r\n").await;

    assert!(plainly.0.contains("x-cache: bypass"), "{:?}", plainly.0);
    assert!(plainly.1.contains("x-forwarded-host: blog.example"), "{:?}", plainly.1);
    assert_eq!(plainly.0, through_pingora.0);
    assert_eq!(plainly.1, through_pingora.1);
    assert!(connections <= 2, "one of the relay, one of pingora: {connections}");
}

#[tokio::test]
async fn one_connection_serves_many_and_a_closed_one_costs_no_answer() {
    let api = Api::start().await;
    let app = before(&[&api]).await;
    let ask = async || {
        let answer = app.get("/api/a", &[]).await;
        assert_eq!((answer.status(), header(&answer, "x-cache")), (StatusCode::OK, "BYPASS"));
    };

    for _ in 0..20 {
        ask().await;
    }
    assert_eq!(api.connections.load(Ordering::SeqCst), 2);

    api.set(Mode::AnswerAndClose);
    for _ in 0..20 {
        ask().await;
    }
    let failed = "upstream_retries_total 0";
    assert!(app.metrics().await.contains(failed), "nothing is held against the replica");
}

#[tokio::test]
async fn what_one_replica_cannot_do_another_does() {
    for mode in [Mode::Half, Mode::Reset, Mode::Hang] {
        let (ill, well) = (Api::start().await, Api::start().await);
        let app = before(&[&ill, &well]).await;
        ill.set(mode);

        for _ in 0..4 {
            let answer = app.get("/api/a", &[]).await;
            assert_eq!(answer.status(), 200, "{mode:?}");
        }

        app.until_metric("http_requests_total{route=\"api\",status=\"200\"} 5").await;
        let metrics = app.metrics().await;
        assert!(!metrics.contains("upstream_retries_total 0"), "{mode:?}: {metrics}");
    }
}

#[tokio::test]
async fn if_there_is_no_other_the_client_is_told_once_and_in_time() {
    for (mode, status) in [(Mode::Half, 502), (Mode::Reset, 502), (Mode::Hang, 504)] {
        let api = Api::start().await;
        let app = before(&[&api]).await;
        api.set(mode);
        let asked = api.heads.lock().unwrap().len();

        let answer = app.get("/api/a", &[]).await;

        assert_eq!(answer.status(), status, "{mode:?}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json");
        let asked = api.heads.lock().unwrap().len() - asked;
        // A connection that breaks off before its first byte may have been idle for too long.
        assert!(asked <= 2, "{mode:?}: {asked}");
        api.set(Mode::Answer);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(app.get("/api/a", &[]).await.status(), 200);
    }
}

#[tokio::test]
async fn an_answer_that_is_not_short_any_more_is_asked_for_twice_once() {
    let api = Api::start().await;
    let app = before(&[&api]).await;
    api.set(Mode::Chunks);
    let asked = async || {
        let before = api.heads.lock().unwrap().len();
        assert_eq!(app.get("/api/a", &[]).await.text().await.unwrap(), "{}");
        api.heads.lock().unwrap().len() - before
    };

    assert_eq!([asked().await, asked().await, asked().await], [2, 1, 1]);
}

#[tokio::test]
async fn a_request_keeps_its_name_when_a_second_replica_is_asked() {
    let (ill, well) = (Api::start().await, Api::start().await);
    let app = before(&[&ill, &well]).await;
    ill.set(Mode::Half);
    let names = |api: &Api| -> Vec<String> {
        let heads = api.heads.lock().unwrap();
        let lines = heads.iter().flat_map(|head| head.lines());
        lines.filter_map(|line| line.strip_prefix("x-request-id: ").map(str::to_owned)).collect()
    };
    let first = names(&ill);

    // One of two begins at the replica that is ill.
    for _ in 0..2 {
        let answer = app.get("/api/a", &[]).await;
        assert_eq!(Some(header(&answer, "x-request-id")), names(&well).last().map(String::as_str));
    }

    let failed: Vec<String> = names(&ill).into_iter().filter(|id| !first.contains(id)).collect();
    assert_eq!(failed.len(), 1);
    assert!(names(&well).contains(&failed[0]), "the access log has one name for both tries");
}

#[tokio::test]
async fn answers_of_another_kind_are_passed_on_too() {
    let api = Api::start().await;
    let app = before(&[&api]).await;

    for (mode, status) in [
        (Mode::Chunks, 200),
        (Mode::Status(404), 404),
        (Mode::Status(500), 500),
        (Mode::Answer, 200),
    ] {
        api.set(mode);
        let answer = app.get("/api/a", &[]).await;
        assert_eq!(answer.status(), status, "{mode:?}");
        assert_eq!(answer.text().await.unwrap(), "{}", "{mode:?}");
    }
}
