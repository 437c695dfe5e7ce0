//! The PROXY protocol, versions 1 and 2: how a layer-4 door says who its client is. Pure.
//!
//! The header comes before everything else on a connection, before a TLS handshake too. Source:
//! "The PROXY protocol", versions 1 & 2, `HAProxy` Technologies, 2020.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// What a header of version 2 begins with (§2.2).
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Up to the length of what follows (§2.2).
const FIXED_BYTES: usize = 16;
/// The longest line of version 1, with its end (§2.1).
const MAX_LINE_BYTES: usize = 107;
/// The shortest: `PROXY UNKNOWN` and its end.
const MIN_LINE_BYTES: usize = 15;
/// Addresses take at most 216 bytes; the rest are extensions that nobody here reads.
const MAX_BYTES: usize = 4096;

/// What the first bytes of a connection say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeader {
    /// At least so many bytes more belong to the header: whoever reads no more than that reads
    /// nothing of what follows it.
    Incomplete(usize),
    /// It is complete. Without an address the peer speaks for itself (a health check of the door,
    /// or a protocol that has no addresses).
    Complete(Option<SocketAddr>),
}

/// The connection does not begin with a PROXY header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection does not begin with a PROXY header")]
pub struct NoProxyHeader;

impl ProxyHeader {
    /// Reads the header of which `bytes` are the first.
    ///
    /// # Errors
    ///
    /// [`NoProxyHeader`]: close the connection, the peer is not the door that was promised.
    ///
    /// ```
    /// use gateway::ProxyHeader;
    ///
    /// let client = Some(([203, 0, 113, 9], 40_000).into());
    /// let line = b"PROXY TCP4 203.0.113.9 10.0.0.1 40000 443\r\n";
    /// assert_eq!(ProxyHeader::read(line), Ok(ProxyHeader::Complete(client)));
    /// assert_eq!(ProxyHeader::read(b"PROXY "), Ok(ProxyHeader::Incomplete(9)));
    /// assert!(ProxyHeader::read(b"GET / HTTP/1.1\r\n").is_err());
    /// ```
    pub fn read(bytes: &[u8]) -> Result<Self, NoProxyHeader> {
        let is_first = |of: &[u8]| bytes.iter().zip(of).all(|(one, other)| one == other);
        if is_first(SIGNATURE) {
            // No bytes at all fit both versions, and both are longer than this.
            return if bytes.is_empty() {
                Ok(Self::Incomplete(MIN_LINE_BYTES))
            } else {
                binary(bytes)
            };
        }
        if is_first(b"PROXY ") { line(bytes) } else { Err(NoProxyHeader) }
    }
}

/// Version 1: one line of text.
fn line(bytes: &[u8]) -> Result<ProxyHeader, NoProxyHeader> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        if bytes.len() >= MAX_LINE_BYTES {
            return Err(NoProxyHeader);
        }
        let end = if bytes.ends_with(b"\r") { 1 } else { 2 };
        return Ok(ProxyHeader::Incomplete(MIN_LINE_BYTES.saturating_sub(bytes.len()).max(end)));
    };
    let text = bytes[..end].strip_suffix(b"\r").ok_or(NoProxyHeader)?;
    let text = std::str::from_utf8(text).map_err(|_| NoProxyHeader)?;
    if end + 1 != bytes.len() || bytes.len() > MAX_LINE_BYTES {
        return Err(NoProxyHeader);
    }
    let mut words = text.split(' ').skip(1);
    let family = words.next().ok_or(NoProxyHeader)?;
    if family == "UNKNOWN" {
        // Whatever follows must be ignored (§2.1).
        return Ok(ProxyHeader::Complete(None));
    }
    let words: Vec<&str> = words.collect();
    let &[source, destination, port, to_port] = words.as_slice() else {
        return Err(NoProxyHeader);
    };
    let port = number(port)?;
    number(to_port)?;
    let source = match family {
        "TCP4" => address::<Ipv4Addr>(source, destination)?.into(),
        "TCP6" => address::<Ipv6Addr>(source, destination)?.into(),
        _ => return Err(NoProxyHeader),
    };
    Ok(ProxyHeader::Complete(Some(SocketAddr::new(source, port))))
}

/// The source's address, if both are addresses.
fn address<A: std::str::FromStr>(source: &str, destination: &str) -> Result<A, NoProxyHeader> {
    destination.parse::<A>().map_err(|_| NoProxyHeader)?;
    source.parse().map_err(|_| NoProxyHeader)
}

/// A port in decimal, without a sign or leading zeros.
fn number(text: &str) -> Result<u16, NoProxyHeader> {
    let number: u16 = text.parse().map_err(|_| NoProxyHeader)?;
    if number.to_string() == text { Ok(number) } else { Err(NoProxyHeader) }
}

/// Version 2: a fixed part, then as many bytes as it says.
fn binary(bytes: &[u8]) -> Result<ProxyHeader, NoProxyHeader> {
    let Some((fixed, rest)) = bytes.split_first_chunk::<FIXED_BYTES>() else {
        return Ok(ProxyHeader::Incomplete(FIXED_BYTES - bytes.len()));
    };
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    let (version, command) = (fixed[12] >> 4, fixed[12] & 0xf);
    if version != 2 || command > 1 || FIXED_BYTES + length > MAX_BYTES || rest.len() > length {
        return Err(NoProxyHeader);
    }
    if rest.len() < length {
        return Ok(ProxyHeader::Incomplete(length - rest.len()));
    }
    let port = |at: usize| Some(u16::from_be_bytes([*rest.get(at)?, *rest.get(at + 1)?]));
    let client = match (command, fixed[13]) {
        // LOCAL: whatever follows must be ignored (§2.2).
        (0, _) => None,
        // TCP over IPv4 and over IPv6: two addresses, then two ports.
        (_, 0x11) => {
            let ip = rest.first_chunk::<4>().filter(|_| length >= 12).ok_or(NoProxyHeader)?;
            Some(SocketAddr::new(Ipv4Addr::from(*ip).into(), port(8).ok_or(NoProxyHeader)?))
        }
        (_, 0x21) => {
            let ip = rest.first_chunk::<16>().filter(|_| length >= 36).ok_or(NoProxyHeader)?;
            Some(SocketAddr::new(Ipv6Addr::from(*ip).into(), port(32).ok_or(NoProxyHeader)?))
        }
        // Unspecified, datagrams, Unix sockets: nothing that could be a client's address here.
        _ => None,
    };
    Ok(ProxyHeader::Complete(client))
}

#[cfg(test)]
mod tests;
