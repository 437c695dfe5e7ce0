//! Who writes, without cookies: an address and a browser, hashed with the day's salt, so that
//! nobody can be recognised on another day or found out from what is kept.

use crate::error::ApiError;
use actix_web::HttpRequest;
use actix_web::http::Uri;
use domain::Sender;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What names itself one of these is no reader (in lower case).
const ROBOTS: [&str; 22] = [
    "bot",
    "crawl",
    "spider",
    "slurp",
    "curl",
    "wget",
    "python",
    "java/",
    "go-http",
    "okhttp",
    "headless",
    "phantom",
    "scrapy",
    "httpclient",
    "libwww",
    "axios",
    "node",
    "monitor",
    "preview",
    "fetch",
    "feed",
    "lighthouse",
];

/// A salted hash of the visitor who sent `request`.
pub(crate) fn hash(request: &HttpRequest, salt: &[u8; 32]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_keyed(salt);
    hasher.update(network(address(request)).to_string().as_bytes());
    hasher.update(b"\n");
    hasher.update(header(request, "user-agent").as_bytes());
    let mut visitor = [0; 16];
    hasher.finalize_xof().fill(&mut visitor);
    visitor
}

/// A hash of the address from which `request` was sent, with a key that no store knows.
pub(crate) fn sender(request: &HttpRequest, key: &[u8; 32]) -> Sender {
    let mut sender = [0; 16];
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(network(address(request)).to_string().as_bytes());
    hasher.finalize_xof().fill(&mut sender);
    Sender::new(sender)
}

/// Whether nobody reads what was requested: a robot, or a browser that fetches in advance.
pub(crate) fn is_robot(request: &HttpRequest) -> bool {
    let agent = header(request, "user-agent").to_ascii_lowercase();
    let is_early = |name: &str| header(request, name).contains("prefetch");
    agent.is_empty()
        || ROBOTS.iter().any(|robot| agent.contains(robot))
        || ["sec-purpose", "purpose", "x-moz"].into_iter().any(is_early)
}

/// Refuses what a page of another site sent. Browsers say where a request that writes comes from;
/// programs need not, and have nobody's cookies.
///
/// # Errors
///
/// [`ApiError::CrossSite`].
pub(crate) fn check_site(request: &HttpRequest) -> Result<(), ApiError> {
    let site = header(request, "sec-fetch-site");
    let is_own_site = matches!(site, "" | "same-origin" | "none");
    let origin = header(request, "origin");
    let is_own_origin = origin.is_empty() || {
        let uri = origin.parse::<Uri>().unwrap_or_default();
        uri.authority().is_some_and(|origin| {
            origin.as_str().eq_ignore_ascii_case(request.connection_info().host())
        })
    };
    if is_own_site && is_own_origin { Ok(()) } else { Err(ApiError::CrossSite) }
}

/// Where `request` comes from: what the gateway says, if it was the gateway that asked. It stands
/// in a network of ours.
fn address(request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
    let peer = peer.to_canonical();
    let is_ours = match peer {
        IpAddr::V4(peer) => peer.is_private() || peer.is_loopback() || peer.is_link_local(),
        IpAddr::V6(peer) => {
            peer.is_loopback() || peer.is_unique_local() || peer.is_unicast_link_local()
        }
    };
    let said = header(request, "x-forwarded-for").rsplit(',').next().unwrap_or_default();
    match said.trim().parse::<IpAddr>() {
        Ok(said) if is_ours => said.to_canonical(),
        _ => peer,
    }
}

/// One household has as many IPv6 addresses as it likes, but one network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    let value = request.headers().get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn request(headers: &[(&str, &str)]) -> HttpRequest {
        let request = TestRequest::post().peer_addr(([10, 0, 0, 1], 80).into());
        let add = |request: TestRequest, header: &(&str, &str)| request.insert_header(*header);
        headers.iter().fold(request, add).to_http_request()
    }

    #[test]
    fn a_visitor_is_an_address_and_a_browser_for_a_day() {
        let visitor = |address, agent, salt| {
            let headers = [("x-forwarded-for", address), ("user-agent", agent)];
            hash(&request(&headers), &[salt; 32])
        };
        let one = visitor("1.2.3.4", "Firefox", 1);

        assert_eq!(one, visitor("9.9.9.9, 1.2.3.4", "Firefox", 1), "others may be invented");
        assert_ne!(one, visitor("1.2.3.5", "Firefox", 1));
        assert_ne!(one, visitor("1.2.3.4", "Safari", 1));
        assert_ne!(one, visitor("1.2.3.4", "Firefox", 2));
        assert_eq!(visitor("2001:db8::1", "x", 1), visitor("2001:db8::2", "x", 1));
    }

    #[test]
    fn robots_and_early_fetches_are_no_readers() {
        let is_robot = |headers: &[(&str, &str)]| super::is_robot(&request(headers));

        assert!(!is_robot(&[("user-agent", "Mozilla/5.0 (X11) Firefox/140.0")]));
        assert!(is_robot(&[("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)")]));
        assert!(is_robot(&[]));
        assert!(is_robot(&[("user-agent", "Firefox"), ("sec-purpose", "prefetch;prerender")]));
    }

    #[test]
    fn a_page_of_another_site_cannot_write() {
        let check = |headers: &[(&str, &str)]| check_site(&request(headers)).is_ok();

        assert!(check(&[]));
        assert!(check(&[("host", "ink.example"), ("origin", "https://Ink.example")]));
        assert!(check(&[("sec-fetch-site", "same-origin")]));
        assert!(!check(&[("sec-fetch-site", "cross-site")]));
        assert!(!check(&[("host", "ink.example"), ("origin", "https://evil.example")]));
        assert!(!check(&[("host", "ink.example"), ("origin", "null")]));
    }
}
