//! What a client sees when a replica does what no replica should: the table of docs/gateway.md.

use crate::support::{Behaviour, Replica, TestApp, spawn_app, spawn_with};
use gateway::{Application, Names, Settings};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Less than the gateway waits for in these tests, and more.
const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_mins(1);

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// A gateway before two replicas that do this.
async fn before(behaviour: Behaviour) -> (Replica, Replica, TestApp) {
    let one = Replica::start(behaviour.clone()).await;
    let other = Replica::start(behaviour).await;
    let app = spawn_app(&[], &[&one, &other]);
    (one, other, app)
}

#[tokio::test]
async fn slow_headers_are_waited_for_and_ones_that_take_too_long_in_all_are_a_504() {
    let (_one, _other, app) = before(Behaviour::SlowHead(SHORT)).await;
    assert_eq!(app.get("/", &[]).await.status(), 200);

    let slow = Replica::start(Behaviour::SlowHead(SHORT)).await;
    let app = spawn_with(&[], &[&slow], |settings| settings.upstream.answer_timeout = SHORT * 2);
    assert_eq!(app.get("/", &[]).await.status(), 504);
}

#[tokio::test]
async fn all_tries_together_have_one_deadline() {
    let (one, other, app) = (
        Replica::start(Behaviour::Hang).await,
        Replica::start(Behaviour::Hang).await,
        |settings: &mut Settings| {
            settings.upstream.read_timeout = SHORT * 4;
            settings.upstream.answer_timeout = SHORT * 5;
        },
    );
    let app = spawn_with(&[], &[&one, &other], app);
    let began = Instant::now();

    let answer = app.get("/", &[]).await;

    assert_eq!(answer.status(), 504);
    assert_eq!(one.requests() + other.requests(), 2);
    let took = began.elapsed();
    assert!(took >= SHORT * 4 && took < SHORT * 8, "two whole tries take longer: {took:?}");
}

#[tokio::test]
async fn a_slow_body_is_passed_on_as_it_comes_and_one_that_stops_breaks_off() {
    let (_one, _other, app) = before(Behaviour::SlowBody(SHORT)).await;
    let mut answer = app.get("/", &[]).await;
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "half", "the rest is not waited for");
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "half");
    assert!(answer.chunk().await.unwrap().is_none());

    let (one, other, app) = before(Behaviour::SlowBody(LONG)).await;
    let answer = app.get("/", &[]).await;
    assert_eq!(answer.status(), 200, "the client has it already");
    assert!(answer.text().await.is_err());
    assert_eq!(one.requests() + other.requests(), 1, "and it is not begun anew");
}

#[tokio::test]
async fn an_answer_that_is_reset_breaks_off() {
    let (one, other, app) = before(Behaviour::HalfReset).await;

    let answer = app.raw(REQUEST).await;

    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nhalf"), "{answer}");
    assert_eq!(one.requests() + other.requests(), 1);
}

#[tokio::test]
async fn an_answer_that_is_longer_than_it_says_is_cut_and_what_follows_is_nobodys() {
    let (_one, _other, app) = before(Behaviour::TooMuch).await;

    for _ in 0..4 {
        let answer = app.get("/", &[]).await;
        assert_eq!(answer.status(), 200);
        assert!(!answer.headers().contains_key("x"));
        assert_eq!(answer.text().await.unwrap(), "halfhalf");
    }
}

#[tokio::test]
async fn a_storm_of_errors_is_passed_on_as_it_is_and_not_doubled() {
    const ASKED: usize = 40;
    let (one, other, app) = before(Behaviour::Status(500, "the service's own words")).await;

    for _ in 0..ASKED {
        let answer = app.get("/", &[]).await;
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.text().await.unwrap(), "the service's own words");
    }

    assert_eq!(one.requests() + other.requests(), ASKED);
}

#[tokio::test]
async fn when_all_replicas_fail_the_second_tries_end() {
    const ASKED: usize = 100;
    let (one, other, app) = before(Behaviour::Reset).await;

    for _ in 0..ASKED {
        assert_eq!(app.get("/", &[]).await.status(), 502);
    }

    // 5 a second for 10 seconds, and however long this took.
    let tries = one.requests() + other.requests();
    assert!((ASKED + 50..=ASKED + 80).contains(&tries), "{tries}");
    app.until_metric("limits_hit_total{limit=\"retry_budget\"}").await;
}

#[tokio::test]
async fn a_half_open_connection_is_given_up_and_another_replica_asked() {
    let dead = Replica::half_open().await;
    let well = Replica::start(Behaviour::Status(200, "well")).await;
    let app = spawn_app(&[], &[&dead, &well]);
    for _ in 0..2 {
        assert_eq!(app.get("/", &[]).await.text().await.unwrap(), "well");
    }

    let alone = spawn_app(&[], &[&dead]);
    assert_eq!(alone.get("/", &[]).await.status(), 504);
}

/// Names whose addresses change; `None` is no answer.
#[derive(Debug, Clone, Default)]
struct Zone(Arc<Mutex<Option<Vec<SocketAddr>>>>);

impl Zone {
    fn lead_to(&self, replicas: &[&Replica]) {
        *self.0.lock().unwrap() = Some(replicas.iter().map(|replica| replica.addr).collect());
    }
}

#[async_trait::async_trait]
impl Names for Zone {
    async fn addresses(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        self.0.lock().unwrap().clone().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[tokio::test]
async fn when_names_lead_elsewhere_requests_do_too_and_none_fails() {
    let (one, other) = (
        Replica::start(Behaviour::Status(200, "one")).await,
        Replica::start(Behaviour::Status(200, "other")).await,
    );
    let zone = Zone::default();
    zone.lead_to(&[&one]);
    let mut settings = Settings::default();
    settings.listen.set_port(0);
    settings.admin_listen.set_port(0);
    settings.cache_bytes = 0;
    settings.upstream.blog_static = vec![one.origin_named("tasks.blog-static")];
    let app = Application::bind(&settings).unwrap().with_names(Arc::new(zone.clone()));
    let app = crate::support::start(app);
    app.until_metric("upstream_replicas{upstream=\"blog-static\",state=\"healthy\"} 1\n").await;
    let said = async || {
        let answer = app.get("/", &[]).await;
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    };
    assert_eq!(said().await, "one");

    zone.lead_to(&[&other]);
    let began = Instant::now();
    while said().await == "one" {
        assert!(began.elapsed() < Duration::from_secs(10), "the name is not asked again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let asked = one.requests();
    *zone.0.lock().unwrap() = Some(Vec::new());
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(said().await, "other", "an empty answer says nothing");
    *zone.0.lock().unwrap() = None;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(said().await, "other", "no answer says nothing");
    assert_eq!(one.requests(), asked);
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_a_408() {
    let api = Replica::start(Behaviour::Hang).await;
    let app = spawn_with(&[&api], &[], |settings| {
        settings.upstream.read_timeout = LONG;
        settings.body_timeout = SHORT * 2;
    });
    let head = b"POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";

    for drips in [false, true] {
        let mut stream = TcpStream::connect(app.addr).await.unwrap();
        stream.write_all(head).await.unwrap();
        let (mut from, mut to) = stream.split();
        let dripping = async {
            while drips && to.write_all(b"x").await.is_ok() {
                tokio::time::sleep(SHORT / 4).await;
            }
            std::future::pending::<()>().await;
        };
        let mut answer = [0; 64];
        let began = Instant::now();
        let read = tokio::select! {
            read = from.read(&mut answer) => read.unwrap(),
            () = dripping => unreachable!("it never ends"),
        };
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{drips}: {answer}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    app.until_metric("limits_hit_total{limit=\"body_time\"} 2\n").await;
}
