//! Asking a service whether it is well: for the `healthcheck` subcommand, since images have no
//! curl, and for the gateway.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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
pub async fn healthcheck(listen: SocketAddr, path: &str) -> Result<(), HealthcheckError> {
    let addr = SocketAddr::new(reachable(listen.ip()), listen.port());
    let silent = |source| HealthcheckError::Silent { addr, source };
    let asked = tokio::time::timeout(DEADLINE, ask(addr, path)).await;
    let answer = asked.map_err(|elapsed| silent(elapsed.into()))?.map_err(silent)?;
    if answer.split(' ').nth(1) == Some("200") {
        return Ok(());
    }
    Err(HealthcheckError::Unwell { addr, answer })
}

fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// The status line. One HTTP/1.0 request needs no client library.
async fn ask(addr: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {addr}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(16 * 1024).read_to_string(&mut answer).await?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}
