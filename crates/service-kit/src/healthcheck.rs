//! Asking a service whether it is well: for the `healthcheck` subcommand, since images have no
//! curl, and for the gateway.

use crate::X_RELEASE;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than this is not healthy.
const DEADLINE: Duration = Duration::from_secs(2);

/// What a healthy service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Well {
    /// The release that it serves, if it serves one.
    pub release: Option<String>,
}

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
pub async fn healthcheck(listen: SocketAddr, path: &str) -> Result<Well, HealthcheckError> {
    let addr = SocketAddr::new(reachable(listen.ip()), listen.port());
    let silent = |source| HealthcheckError::Silent { addr, source };
    let asked = tokio::time::timeout(DEADLINE, ask(addr, path)).await;
    let answer = asked.map_err(|elapsed| silent(elapsed.into()))?.map_err(silent)?;
    let mut lines = answer.lines();
    let status = lines.next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        return Err(HealthcheckError::Unwell { addr, answer: status.to_owned() });
    }
    let headers = lines.take_while(|line| !line.is_empty());
    let mut headers = headers.filter_map(|line| line.split_once(':'));
    let release = headers.find(|(name, _)| name.eq_ignore_ascii_case(X_RELEASE));
    Ok(Well { release: release.map(|(_, id)| id.trim().to_owned()) })
}

fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// The whole answer. One HTTP/1.0 request needs no client library.
async fn ask(addr: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {addr}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(16 * 1024).read_to_string(&mut answer).await?;
    Ok(answer)
}
