//! The header that tells the gateway who connected.

use std::net::{IpAddr, SocketAddr};

/// Begins every header of version 2 (the PROXY protocol, §2.2).
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, command PROXY.
const VERSION_AND_COMMAND: u8 = 0x21;
const TCP_OVER_IPV4: u8 = 0x11;
const TCP_OVER_IPV6: u8 = 0x21;

/// The PROXY protocol header, version 2, of a TCP connection that `client` made to `door`. IPv4
/// addresses written as IPv6 are told as IPv4.
///
/// Source: <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>, §2.2.
///
/// ```
/// let header = door::proxy_header("192.0.2.1:7".parse()?, "192.0.2.9:80".parse()?);
/// assert_eq!(header.len(), 16 + 12);
/// assert_eq!(header[16..20], [192, 0, 2, 1]);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn proxy_header(client: SocketAddr, door: SocketAddr) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    header.push(VERSION_AND_COMMAND);
    let addresses = match (client.ip().to_canonical(), door.ip().to_canonical()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            header.push(TCP_OVER_IPV4);
            [from.octets(), to.octets()].concat()
        }
        (from, to) => {
            header.push(TCP_OVER_IPV6);
            [as_ipv6(from), as_ipv6(to)].concat()
        }
    };
    let ports = [client.port().to_be_bytes(), door.port().to_be_bytes()].concat();
    let length: u16 = if addresses.len() == 8 { 12 } else { 36 };
    header.extend(length.to_be_bytes());
    header.extend(addresses);
    header.extend(ports);
    header
}

fn as_ipv6(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
        IpAddr::V6(addr) => addr.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_are_laid_out_as_the_protocol_says() {
        let header = proxy_header("1.2.3.4:258".parse().unwrap(), "5.6.7.8:80".parse().unwrap());
        assert_eq!(header[..12], SIGNATURE);
        assert_eq!(header[12..], [0x21, 0x11, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 0, 80]);

        let header = proxy_header("[2001:db8::1]:1".parse().unwrap(), "[::1]:2".parse().unwrap());
        assert_eq!(header[12..20], [0x21, 0x21, 0, 36, 0x20, 0x01, 0x0d, 0xb8]);
        assert_eq!(header.len(), 16 + 36);

        let mapped = "[::ffff:1.2.3.4]:258".parse().unwrap();
        assert_eq!(proxy_header(mapped, "5.6.7.8:80".parse().unwrap())[13], TCP_OVER_IPV4);
    }
}
