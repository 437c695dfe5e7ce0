//! Behind a layer-4 door, which says who its clients are with a PROXY header.

use crate::support::{Behaviour, Replica, TestApp, spawn_with};
use gateway::ProxyProtocol;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

fn behind_a_door(pages: &Replica) -> TestApp {
    spawn_with(&[], &[pages], |settings| {
        settings.proxy_protocol = ProxyProtocol::Required;
        settings.header_timeout = Duration::from_secs(1);
    })
}

/// A header of version 2 with these addresses.
fn binary(source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21".to_vec();
    match (source.ip(), destination.ip()) {
        (std::net::IpAddr::V4(from), std::net::IpAddr::V4(to)) => {
            header.extend([0x11, 0, 12]);
            header.extend([from.octets(), to.octets()].concat());
        }
        (std::net::IpAddr::V6(from), std::net::IpAddr::V6(to)) => {
            header.extend([0x21, 0, 36]);
            header.extend([from.octets(), to.octets()].concat());
        }
        _ => panic!("of one family"),
    }
    header.extend(source.port().to_be_bytes());
    header.extend(destination.port().to_be_bytes());
    header
}

#[tokio::test]
async fn the_address_in_the_header_is_the_clients() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = behind_a_door(&pages);
    let v4 = binary(([203, 0, 113, 9], 40_000).into(), ([10, 0, 0, 1], 443).into());
    let v6 = binary("[2001:db8::9]:1".parse().unwrap(), "[::1]:443".parse().unwrap());
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00".to_vec();

    for (header, client) in [
        (b"PROXY TCP4 203.0.113.9 10.0.0.1 40000 443\r\n".to_vec(), "203.0.113.9"),
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1"),
        (v4, "203.0.113.9"),
        (v6, "2001:db8::9"),
        (local, "127.0.0.1"),
    ] {
        let answer = app.raw(&[header.as_slice(), REQUEST.as_bytes()].concat()).await;

        let seen = answer.to_lowercase();
        assert!(seen.contains(&format!("x-forwarded-for: {client}\r\n")), "{client}: {answer}");
    }
}

#[tokio::test]
async fn a_connection_without_the_header_gets_nothing() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = behind_a_door(&pages);

    assert_eq!(app.raw(REQUEST.as_bytes()).await, "");
    assert_eq!(app.raw(b"PROXY TCP4 nonsense\r\n").await, "");

    assert_eq!(pages.requests(), 0);
}

#[tokio::test]
async fn a_header_that_never_ends_is_cut_off() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = behind_a_door(&pages);
    let mut stream = TcpStream::connect(app.addr).await.unwrap();
    stream.write_all(b"PROXY TCP4 203.0").await.unwrap();

    let started = Instant::now();
    let end = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut [0; 8])).await;

    assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
    assert!(started.elapsed() >= Duration::from_millis(900), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_header_is_no_header_where_no_door_stands() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_with(&[], &[&pages], |_| {});

    let line = format!("PROXY TCP4 203.0.113.9 10.0.0.1 40000 443\r\n{REQUEST}");

    assert!(app.raw(line.as_bytes()).await.starts_with("HTTP/1.1 400 "));
    assert_eq!(pages.requests(), 0);
}
