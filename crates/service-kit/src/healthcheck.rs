//! The `healthcheck` subcommand: what an image's `HEALTHCHECK` runs, since images have no curl.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than this is not healthy.
const DEADLINE: Duration = Duration::from_secs(2);

/// Why a service is not healthy.
#[derive(Debug, thiserror::Error)]
pub enum HealthcheckError {
    /// Nobody answered in time.
    #[error("{addr} does not answer")]
    Silent {
        /// The admin listener.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// It answered that it is not well.
    #[error("{addr} answered `{answer}`")]
    Unwell {
        /// The admin listener.
        addr: SocketAddr,
        /// The status line.
        answer: String,
    },
}

/// Asks `path` (`/livez` or `/readyz`) of the admin listener at `listen`. A listener on all
/// addresses is asked on loopback.
///
/// # Errors
///
/// [`HealthcheckError`] unless the answer is 200.
pub fn healthcheck(listen: SocketAddr, path: &str) -> Result<(), HealthcheckError> {
    let addr = SocketAddr::new(reachable(listen.ip()), listen.port());
    let status = ask(addr, path).map_err(|source| HealthcheckError::Silent { addr, source })?;
    if status.split(' ').nth(1) == Some("200") {
        return Ok(());
    }
    Err(HealthcheckError::Unwell { addr, answer: status })
}

fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// The status line. One HTTP/1.0 request needs no client library and no runtime.
fn ask(addr: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&addr, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {addr}\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(16 * 1024).read_to_string(&mut answer)?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}
