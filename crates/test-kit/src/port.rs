//! Ports of this machine.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How long a service may take to listen; generous, since machines are shared.
const DEADLINE: Duration = Duration::from_secs(30);

/// A port that was free a moment ago, for programs that cannot be given port 0.
///
/// # Panics
///
/// If the machine has none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// Waits until somebody listens on `port` of this machine. Returns whether that came true in time.
#[must_use]
pub fn wait_for_port(port: u16) -> bool {
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    let started = Instant::now();
    while started.elapsed() < DEADLINE {
        if TcpStream::connect_timeout(&addr, Duration::from_secs(1)).is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}
