//! Requests that need no thought, and so no pingora: what most are, and what they cost most of all.
//!
//! A plain GET of HTTP/1.1 for which memory has a whole, fresh answer is answered; one for which it
//! knows that the API must be asked each time becomes an errand for the relay. At anything else this
//! steps aside, and pingora's phases see the request as if nobody had looked. Whatever they check
//! before they look into memory is checked here too.

use crate::access::{AccessLog, Line};
use crate::cache::{Answers, Codings, Entry, Found, Key};
use crate::drain::Drain;
use crate::limit::Clients;
use crate::proxy::Https;
use crate::relay::Errand;
use crate::request::{self, Asker};
use crate::route::{Route, route};
use crate::upstream::Upstream;
use bytes::Bytes;
use ipnet::IpNet;
use pingora::http::RequestHeader;
use pingora::protocols::http::date::get_cached_date;
use service_kit::RequestId;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

/// With more headers a request is not plain.
const MAX_HEADERS: usize = 48;
/// What belongs to the connection between client and gateway.
const NOT_PASSED: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "te", "trailer"];

/// What is to be done for a plain request.
pub(crate) enum Plainly {
    /// Send this.
    Answer(Answer),
    /// Ask the API for this. Whether the client wants the connection to end with it.
    Ask(Box<Errand>, bool),
}

/// What it takes to answer.
pub(crate) struct Hot {
    pub(crate) api: Arc<Upstream>,
    pub(crate) blog_static: Arc<Upstream>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) trusted: Vec<IpNet>,
    pub(crate) https: Option<Https>,
    pub(crate) drain: Arc<Drain>,
    pub(crate) access: AccessLog,
}

/// What is sent.
pub(crate) struct Answer {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Bytes,
    /// Whether the connection ends with it.
    pub(crate) is_last: bool,
    entry: Arc<Entry>,
    route: Route,
    id: RequestId,
    client: IpAddr,
    started: Instant,
}

/// What of a plain request matters.
struct Plain<'a> {
    target: &'a str,
    host: &'a str,
    codings: Codings,
    is_last: bool,
}

impl Hot {
    /// What to do for the request with this head, which has passed `head::check`, if that needs no
    /// thought.
    pub(crate) fn look(
        &self,
        head: &[u8],
        peer: SocketAddr,
        is_encrypted: bool,
    ) -> Option<Plainly> {
        let started = Instant::now();
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        if !request.parse(head).ok()?.is_complete() {
            return None;
        }
        let plain = Plain::read(&request)?;
        let path = plain.target.split('?').next().unwrap_or_default();
        let route = route(path).ok().filter(|route| *route != Route::Hidden)?;
        let client = peer.ip().to_canonical();
        let redirects = |https: &Https| !is_encrypted && https.redirect.is_some();
        let is_odd = path.starts_with("/.well-known/")
            // Somebody else may be the client.
            || self.trusted.iter().any(|network| network.contains(&client))
            || self.https.as_ref().is_some_and(redirects);
        if is_odd {
            return None;
        }
        let upstream = if route == Route::Api { &self.api } else { &self.blog_static };
        let release = upstream.releases().0;
        let key = Key::new(route, release, plain.host, plain.target, plain.codings);
        let promise =
            self.https.as_ref().filter(|_| is_encrypted).map_or(0, |https| https.promise.as_secs());
        match self.answers.find(&key, started) {
            Found::Fresh(entry) => {
                if !self.clients.admit(client, started) {
                    return None;
                }
                self.answers.hits.inc();
                let id = RequestId::generate();
                let is_last = plain.is_last || self.drain.is_lame();
                let head = whole_head(&entry, &id, is_last, promise)?;
                let body = entry.body.clone();
                let answer = Answer { head, body, is_last, entry, route, id, client, started };
                Some(Plainly::Answer(answer))
            }
            Found::Pass { is_short: true } if route == Route::Api => {
                let id = RequestId::generate();
                let asker = Asker {
                    client,
                    is_encrypted,
                    host: Some(plain.host),
                    codings: Some(plain.codings),
                    id: &id,
                };
                let request = passed_on(&request, &asker)?;
                if !self.clients.admit(client, started) {
                    return None;
                }
                let errand = Errand { request, id, client, started, promise };
                Some(Plainly::Ask(Box::new(errand), plain.is_last))
            }
            _ => None,
        }
    }

    /// Notes that `answer` to the request with this head was sent.
    pub(crate) fn note(&self, answer: &Answer, target: &str) {
        self.access.note(&Line {
            route: answer.route,
            method: "GET",
            path: target.split('?').next().unwrap_or_default(),
            status: answer.entry.header.status.as_u16(),
            bytes: answer.body.len(),
            cache: Some("HIT"),
            took: answer.started.elapsed(),
            client: answer.client,
            replica: None,
            tries: 0,
            id: answer.id.as_str(),
            error: None,
        });
    }
}

/// The address in the request line of a head that was answered.
pub(crate) fn target(head: &[u8]) -> &str {
    let word = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    std::str::from_utf8(word).unwrap_or_default()
}

impl<'a> Plain<'a> {
    fn read(request: &'a httparse::Request<'a, 'a>) -> Option<Self> {
        if request.method != Some("GET") || request.version != Some(1) {
            return None;
        }
        let (mut host, mut codings, mut is_last) = (None, None, false);
        for header in request.headers.iter() {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            let value = || std::str::from_utf8(header.value).ok();
            // By the first letter, since most headers are none of these.
            match header.name.as_bytes().first()?.to_ascii_lowercase() {
                b'h' if is("host") => host = Some(value()?),
                b'a' if is("accept-encoding") => {
                    let read = Codings::read(value()?);
                    if codings.replace(read).is_some() {
                        return None;
                    }
                }
                b'c' if is("connection") => {
                    let wish = value()?.trim();
                    is_last |= wish.eq_ignore_ascii_case("close");
                    if !is_last && !wish.eq_ignore_ascii_case("keep-alive") {
                        return None;
                    }
                }
                b'a' if is("authorization") => return None,
                b'c' if is("content-length") => return None,
                b'e' if is("expect") => return None,
                b'i' if header.name.len() > 3 && header.name[..3].eq_ignore_ascii_case("if-") => {
                    return None;
                }
                b'r' if is("range") => return None,
                b't' if is("transfer-encoding") => return None,
                b'u' if is("upgrade") => return None,
                _ => {}
            }
        }
        let codings = codings.unwrap_or_else(|| Codings::read(""));
        Some(Self { target: request.path?, host: host?, codings, is_last })
    }
}

/// The request as the API is to see it; nothing if it is to be refused.
fn passed_on(request: &httparse::Request<'_, '_>, asker: &Asker<'_>) -> Option<RequestHeader> {
    let headers = request.headers.len();
    let mut passed =
        RequestHeader::build("GET", request.path?.as_bytes(), Some(headers + 4)).ok()?;
    for header in request.headers.iter() {
        if !NOT_PASSED.iter().any(|name| header.name.eq_ignore_ascii_case(name)) {
            passed.append_header(header.name.to_owned(), header.value).ok()?;
        }
    }
    request::check(&passed).ok()?;
    asker.tell(&mut passed).ok()?;
    Some(passed)
}

/// The head of the whole answer, as the phases would send it.
fn whole_head(entry: &Entry, id: &RequestId, is_last: bool, promise: u64) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(entry.lines.len() + 256);
    head.extend_from_slice(&entry.lines);
    head.extend_from_slice(b"date: ");
    head.extend_from_slice(get_cached_date().as_bytes());
    let age = entry.stored.elapsed().as_secs();
    let connection = if is_last { "close" } else { "keep-alive" };
    write!(
        head,
        "\r\nage: {age}\r\nx-cache: HIT\r\nx-request-id: {id}\r\nconnection: {connection}\r\n"
    )
    .ok()?;
    if promise > 0 {
        write!(head, "strict-transport-security: max-age={promise}\r\n").ok()?;
    }
    head.extend_from_slice(b"\r\n");
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Option<(String, String, bool)> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        assert!(request.parse(head.as_bytes()).unwrap().is_complete());
        let plain = Plain::read(&request)?;
        Some((plain.target.to_owned(), plain.codings.header(), plain.is_last))
    }

    #[test]
    fn a_plain_request_is_read_and_any_other_is_not() {
        let plain = "GET /a?b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nCookie: c\r\n";
        let read = |more: &str| read(&format!("{plain}{more}\r\n"));
        let whole = |codings: &str, is_last| Some(("/a?b".into(), codings.into(), is_last));

        assert_eq!(read(""), whole("", false));
        assert_eq!(read("ACCEPT-encoding: gzip, br\r\n"), whole("br, gzip", false));
        assert_eq!(read("Connection: Keep-Alive\r\n"), whole("", false));
        assert_eq!(read("connection: close\r\n"), whole("", true));
        for more in [
            "Authorization: x",
            "Connection: upgrade",
            "Content-Length: 0",
            "Expect: 100-continue",
            "If-None-Match: \"a\"",
            "if-range: \"a\"",
            "Range: bytes=0-1",
            "Transfer-Encoding: chunked",
            "Upgrade: h2c",
            "Accept-Encoding: br\r\nAccept-Encoding: gzip",
        ] {
            assert_eq!(read(&format!("{more}\r\n")), None, "{more}");
        }
        assert_eq!(super::tests::read("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"), None);
        assert_eq!(super::tests::read("GET / HTTP/1.0\r\nHost: x\r\n\r\n"), None);
    }
}
