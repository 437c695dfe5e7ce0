//! Stopping loses no request, whatever clients do at that moment.

use crate::support::{Behaviour, Replica, TestApp, spawn_with};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CLIENTS: usize = 32;
const STOPS: usize = 20;

/// How one client's connection ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// An answer said that it is the last.
    Told,
    /// A reset or an end where an answer should be; what came of it.
    Lost(String),
}

/// Sends one request after another, with no pause, until it is told to stop.
async fn back_to_back(addr: SocketAddr, begun: Arc<AtomicUsize>) -> End {
    let Ok(mut stream) = TcpStream::connect(addr).await else {
        return End::Lost("no connection".into());
    };
    for at in 0_u64.. {
        let request = b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n";
        if stream.write_all(request).await.is_err() {
            return End::Lost(String::new());
        }
        let mut answer = Vec::new();
        while !answer.ends_with(b"the page") {
            if !matches!(stream.read_buf(&mut answer).await, Ok(1..)) {
                return End::Lost(String::from_utf8_lossy(&answer).into_owned());
            }
        }
        if at == 2 {
            begun.fetch_add(1, Ordering::SeqCst);
        }
        if String::from_utf8_lossy(&answer).to_lowercase().contains("connection: close") {
            return End::Told;
        }
    }
    unreachable!("it was told before")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_ask_back_to_back_lose_nothing_however_often_it_stops() {
    let pages = Replica::start(Behaviour::Status(200, "the page")).await;

    for stop in 0..STOPS {
        // A busy machine is not what this is about.
        let mut app = spawn_with(&[], &[&pages], |settings| {
            settings.upstream.read_timeout = Duration::from_secs(30);
            settings.upstream.connect_timeout = Duration::from_secs(30);
            settings.lame_duck = Duration::from_secs(30);
        });
        let begun = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| tokio::spawn(back_to_back(app.addr, begun.clone()))).collect();
        let is_lost = || clients.iter().any(tokio::task::JoinHandle::is_finished);
        while begun.load(Ordering::SeqCst) < CLIENTS && !is_lost() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }

        app.stop.take().unwrap().send(()).unwrap();

        for client in clients {
            assert_eq!(client.await.unwrap(), End::Told, "stop {stop}");
        }
        app.stopped.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_client_that_comes_or_asks_in_the_lame_duck_time_is_served() {
    let pages = Replica::start(Behaviour::Status(200, "the page")).await;
    let mut app = spawn_with(&[], &[&pages], |settings| {
        settings.lame_duck = Duration::from_secs(2);
    });
    let early = TcpStream::connect(app.addr).await.unwrap();
    app.until_metric("connections_open 1\n").await;

    app.stop.take().unwrap().send(()).unwrap();
    while service_kit::healthcheck(app.admin, "/readyz").await.is_ok() {}

    let late = TcpStream::connect(app.addr).await.unwrap();
    for mut stream in [early, late] {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    }
    app.stopped.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_idle_connection_holds_it_for_the_lame_duck_time_and_none_not_at_all() {
    let lame_duck = Duration::from_millis(400);
    let stop = async |mut app: TestApp| {
        let started = Instant::now();
        app.stop.take().unwrap().send(()).unwrap();
        app.stopped.await.unwrap().unwrap();
        started.elapsed()
    };

    let alone = spawn_with(&[], &[], |settings| settings.lame_duck = lame_duck);
    let took = stop(alone).await;
    assert!(took < Duration::from_millis(100), "{took:?}");

    let visited = spawn_with(&[], &[], |settings| settings.lame_duck = lame_duck);
    let _idle = TcpStream::connect(visited.addr).await.unwrap();
    visited.until_metric("connections_open 1\n").await;
    let took = stop(visited).await;
    assert!(took >= lame_duck && took < lame_duck * 4, "{took:?}");
}
