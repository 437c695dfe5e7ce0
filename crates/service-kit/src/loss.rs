//! Noticing that the machine at the other end of a connection is gone. It says so itself only if its
//! system still runs; else whoever waits for an answer would wait for as long as its own deadline is.

use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

/// What is sent and not acknowledged by the other system for so long is lost: four times sent again, on
/// a network of the same site (`TCP_USER_TIMEOUT`, RFC 5482).
const UNACKNOWLEDGED: Duration = Duration::from_secs(3);
/// Where an answer is waited for that long, the other system is asked whether it is there (RFC 9293
/// §3.8.4).
const QUIET: Duration = Duration::from_secs(10);
/// How often it is asked again.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How many questions may stay without an answer.
const QUESTIONS: u32 = 3;

/// Makes the TCP connection of `socket` fail soon after the machine at its other end is gone.
///
/// # Errors
///
/// If the system knows no such options; the connection is then as good as any other.
pub fn notice_loss(socket: &impl AsFd) -> io::Result<()> {
    let socket = SockRef::from(socket);
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    socket.set_tcp_keepalive(
        &TcpKeepalive::new().with_time(QUIET).with_interval(ASK_EVERY).with_retries(QUESTIONS),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn the_system_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();

        notice_loss(&stream).unwrap();

        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNACKNOWLEDGED));
    }
}
