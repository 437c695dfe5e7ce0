//! Who is asking.

use ipnet::IpNet;
use std::net::IpAddr;

/// The client's address: the peer's, unless the peer is a trusted proxy. Then it is the last
/// address in `forwarded` (`X-Forwarded-For`, oldest first) that is not a trusted proxy itself:
/// everything before that may be invented.
pub(crate) fn address(peer: IpAddr, forwarded: &str, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |addr: &IpAddr| trusted.iter().any(|network| network.contains(addr));
    let mut client = peer.to_canonical();
    for hop in forwarded.rsplit(',') {
        if !is_trusted(&client) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(addr) => client = addr.to_canonical(),
            Err(_) => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &str) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        address(peer.parse().unwrap(), forwarded, &trusted).to_string()
    }

    #[test]
    fn a_claim_is_believed_from_a_trusted_proxy_alone() {
        assert_eq!(client("1.2.3.4", "9.9.9.9"), "1.2.3.4");
        assert_eq!(client("10.0.0.1", "9.9.9.9"), "9.9.9.9");
        assert_eq!(client("10.0.0.1", "6.6.6.6, 9.9.9.9, 10.0.0.2"), "9.9.9.9");
        assert_eq!(client("10.0.0.1", ""), "10.0.0.1");
        assert_eq!(client("10.0.0.1", "nonsense, 10.0.0.2"), "10.0.0.2");
        assert_eq!(client("::ffff:1.2.3.4", ""), "1.2.3.4");
    }
}
