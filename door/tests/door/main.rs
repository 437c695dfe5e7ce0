//! The door over real sockets, before gateways that the tests play.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod support;

use crate::support::{Gateway, spawn, spawn_door, talk};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn the_gateway_learns_who_connected() {
    let gateway = Gateway::start().await;
    let door = spawn_door(&gateway).await;

    let mut client = TcpStream::connect(door.addr).await.unwrap();
    let answer = talk(&mut client, b"hello").await;

    let expected = door::proxy_header(client.local_addr().unwrap(), door.addr);
    assert_eq!(gateway.header(), expected);
    assert_eq!(answer, b"hello");
}

#[tokio::test]
async fn large_and_small_pieces_arrive_whole_in_both_directions() {
    let gateway = Gateway::start().await;
    let door = spawn_door(&gateway).await;
    let sent: Vec<u8> =
        (0..3_000_000_u32).map(|n| n.to_le_bytes()[usize::from(n % 2 == 0)]).collect();
    let (mut from, mut to) = TcpStream::connect(door.addr).await.unwrap().into_split();

    let writing = async {
        to.write_all(&sent).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut received = Vec::new();
    let ((), read) = tokio::join!(writing, from.read_to_end(&mut received));

    read.unwrap();
    assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
}

#[tokio::test]
async fn a_door_before_a_gateway_that_is_not_ready_is_not_ready_itself() {
    let ill = Gateway::start_ill().await;

    let door = spawn(&ill);

    for _ in 0..20 {
        service_kit::healthcheck(door.admin, "/readyz").await.unwrap_err();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // A try is better than a refusal.
    let mut client = TcpStream::connect(door.addr).await.unwrap();
    assert_eq!(talk(&mut client, b"x").await, b"x");
}

#[tokio::test]
async fn a_connection_that_no_gateway_takes_is_closed_at_once() {
    let gateway = Gateway::start().await;
    let door = spawn_door(&gateway).await;
    gateway.stop();

    let started = Instant::now();
    let mut client = TcpStream::connect(door.addr).await.unwrap();
    let read = client.read(&mut [0; 8]).await;

    assert!(matches!(read, Ok(0) | Err(_)));
    assert!(started.elapsed() < Duration::from_secs(5), "it is not held");
}

#[tokio::test]
async fn stopping_closes_idle_connections_soon_and_lets_a_busy_one_finish() {
    let gateway = Gateway::start().await;
    let door = spawn_door(&gateway).await;
    let mut silent = TcpStream::connect(door.addr).await.unwrap();
    let mut idle = TcpStream::connect(door.addr).await.unwrap();
    let mut busy = TcpStream::connect(door.addr).await.unwrap();
    assert_eq!(talk(&mut idle, b"done").await, b"done");
    // The gateway answers this after a second.
    busy.write_all(b"slow").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;

    let started = Instant::now();
    door.stop.send(()).unwrap();

    let mut answer = [0; 4];
    assert_eq!(idle.read(&mut answer).await.unwrap_or(0), 0);
    assert_eq!(silent.read(&mut answer).await.unwrap_or(0), 0);
    assert!(started.elapsed() < Duration::from_millis(900), "{:?}", started.elapsed());
    busy.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"slow");
    door.stopped.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(TcpStream::connect(door.addr).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_client_that_never_rests_does_not_keep_the_ports() {
    let gateway = Gateway::start().await;
    let door = spawn_door(&gateway).await;
    let addr = door.addr;
    let restless = tokio::spawn(async move {
        let mut client = TcpStream::connect(addr).await.unwrap();
        let mut answer = [0; 1];
        while client.write_all(b"x").await.is_ok() && client.read_exact(&mut answer).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;

    let started = Instant::now();
    door.stop.send(()).unwrap();
    door.stopped.await.unwrap().unwrap();

    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    restless.await.unwrap();
}
