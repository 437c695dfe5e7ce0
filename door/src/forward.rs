//! Which of the host's ports leads where.

use std::net::SocketAddr;
use std::str::FromStr;

/// A port of the host and the replicas behind it, written `listen=host:port/admin port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Where to accept connections. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// The DNS name or address of the replicas; every address of a name is one.
    pub host: String,
    /// Their port.
    pub port: u16,
    /// The port of their second listener, which says whether they are ready.
    pub admin_port: u16,
}

/// The text is not `listen=host:port/admin port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write `listen=host:port/admin port`")]
pub struct ForwardError;

impl FromStr for Forward {
    type Err = ForwardError;

    fn from_str(text: &str) -> Result<Self, ForwardError> {
        let parsed = || {
            let (listen, target) = text.split_once('=')?;
            let (addr, admin_port) = target.rsplit_once('/')?;
            let (host, port) = addr.rsplit_once(':')?;
            let host = host.trim_start_matches('[').trim_end_matches(']');
            Some(Self {
                listen: listen.trim().parse().ok()?,
                host: (!host.is_empty()).then(|| host.to_owned())?,
                port: port.parse().ok()?,
                admin_port: admin_port.parse().ok()?,
            })
        };
        parsed().ok_or(ForwardError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forward_says_where_from_and_where_to() {
        let forward: Forward = "0.0.0.0:80=tasks.gateway:8080/9080".parse().unwrap();

        assert_eq!(forward.listen, ([0, 0, 0, 0], 80).into());
        assert_eq!(forward.host, "tasks.gateway");
        assert_eq!((forward.port, forward.admin_port), (8080, 9080));
        assert_eq!("[::]:80=[::1]:8080/9080".parse::<Forward>().unwrap().host, "::1");
        for text in ["", "80=a:1/2", "0.0.0.0:80=a:1", "0.0.0.0:80=:1/2", "0.0.0.0:80=a:x/2"] {
            assert_eq!(text.parse::<Forward>(), Err(ForwardError), "{text}");
        }
    }
}
