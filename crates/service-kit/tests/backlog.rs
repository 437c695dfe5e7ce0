//! How many connections may wait to be accepted. In a process of its own, since it opens many files and
//! other tests count theirs.

#![cfg(target_os = "linux")]

use service_kit::bind;
use std::io;
use std::net::TcpStream;
use std::time::Duration;

/// Linux has been allowing eight times as many since 5.4.
#[test]
fn many_connections_may_wait_to_be_accepted() {
    let (_listener, addr) = bind("API_LISTEN", ([127, 0, 0, 1], 0).into()).unwrap();

    let connect = |_| TcpStream::connect_timeout(&addr, Duration::from_secs(5));
    let waiting: io::Result<Vec<_>> = (0..512).map(connect).collect();

    assert_eq!(waiting.unwrap().len(), 512);
}
