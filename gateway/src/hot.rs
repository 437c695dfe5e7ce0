//! Requests that need no thought, and so no pingora: what most are, and what they cost most of all.
//!
//! A plain GET for which memory has a whole, fresh answer is answered; one of HTTP/1.1 for which it
//! knows that the API must be asked each time becomes an errand for the relay. At anything else this
//! steps aside, and pingora's phases see the request as if nobody had looked. Whatever they check
//! before they look into memory is checked here too.

mod plain;

use self::plain::Plain;
use crate::access::{AccessLog, Line};
use crate::cache::{self, Answers, Entry, Found, Key};
use crate::drain::Drain;
use crate::fields::Lines;
use crate::limit::Clients;
use crate::proxy::Https;
use crate::relay::Errand;
use crate::request::{self, Asker};
use crate::route::{Route, route};
use crate::security::PROMISE;
use crate::upstream::Upstream;
use bytes::Bytes;
use ipnet::IpNet;
use pingora::Result;
use pingora::http::{RequestHeader, ResponseHeader};
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

/// What is sent over HTTP/1.1.
pub(crate) struct Answer {
    pub(crate) head: Vec<u8>,
    /// Whether the connection ends with it.
    pub(crate) is_last: bool,
    pub(crate) hit: Hit,
}

/// An answer that memory has, and to whom it goes.
pub(crate) struct Hit {
    entry: Arc<Entry>,
    route: Route,
    id: RequestId,
    client: IpAddr,
    started: Instant,
    promise: Option<Arc<str>>,
}

impl Hit {
    /// The body of the answer.
    pub(crate) fn body(&self) -> &Bytes {
        &self.entry.body
    }

    /// The head of the whole answer over HTTP/2, as the phases would send it.
    pub(crate) fn header(&self) -> Result<ResponseHeader> {
        let mut header = self.entry.header.clone();
        self.entry.complete(&mut header, "HIT", &self.id, self.promise.as_deref())?;
        Ok(header)
    }

    /// The same over HTTP/1.1.
    fn head(&self, is_last: bool) -> Vec<u8> {
        let mut head = Vec::with_capacity(self.entry.lines.len() + 256);
        head.extend_from_slice(&self.entry.lines);
        head.extend_from_slice(b"date: ");
        head.extend_from_slice(get_cached_date().as_bytes());
        let age = self.entry.stored.elapsed().as_secs();
        let id = &self.id;
        let connection = if is_last { "close" } else { "keep-alive" };
        // A vector takes whatever is written to it.
        let _ = write!(
            head,
            "\r\nage: {age}\r\nx-cache: HIT\r\nx-request-id: {id}\r\nconnection: {connection}\r\n"
        );
        if let Some(promise) = &self.promise {
            let _ = write!(head, "{PROMISE}: {promise}\r\n");
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

impl Hot {
    /// What to do for the request of HTTP/1.1 with this head, which has passed `head::check`, if that
    /// needs no thought.
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
        let (client, route, key, found) = self.find(&plain, peer, is_encrypted, started)?;
        match found {
            Found::Fresh(entry) => {
                let hit = self.hit(entry, route, client, is_encrypted, started)?;
                let is_last = plain.is_last || self.drain.is_lame();
                Some(Plainly::Answer(Answer { head: hit.head(is_last), is_last, hit }))
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
                let head = passed_on(&request, &asker)?;
                if !self.clients.admit(client, started) {
                    return None;
                }
                let promise = self.promise(is_encrypted);
                let errand = Errand { head, key, id, client, started, promise };
                Some(Plainly::Ask(Box::new(errand), plain.is_last))
            }
            _ => None,
        }
    }

    /// The answer to a request of HTTP/2, if memory has one and that needs no thought.
    pub(crate) fn look_http2(&self, request: &RequestHeader, peer: SocketAddr) -> Option<Hit> {
        let started = Instant::now();
        let plain = Plain::read_http2(request)?;
        match self.find(&plain, peer, true, started)? {
            (client, route, _, Found::Fresh(entry)) => {
                self.hit(entry, route, client, true, started)
            }
            _ => None,
        }
    }

    /// Who asks, for what, and what memory says.
    fn find(
        &self,
        plain: &Plain<'_>,
        peer: SocketAddr,
        is_encrypted: bool,
        now: Instant,
    ) -> Option<(IpAddr, Route, Key, Found)> {
        let path = cache::path(plain.target);
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
        let found = self.answers.find(&key, now);
        Some((client, route, key, found))
    }

    /// Sends `entry`, if the client may ask.
    fn hit(
        &self,
        entry: Arc<Entry>,
        route: Route,
        client: IpAddr,
        is_encrypted: bool,
        started: Instant,
    ) -> Option<Hit> {
        if !self.clients.admit(client, started) {
            return None;
        }
        self.answers.hits.inc();
        let promise = self.promise(is_encrypted);
        Some(Hit { entry, route, id: RequestId::generate(), client, started, promise })
    }

    fn promise(&self, is_encrypted: bool) -> Option<Arc<str>> {
        self.https.as_ref()?.promise.clone().filter(|_| is_encrypted)
    }

    /// Notes that `hit` was sent to whoever asked for `target`.
    pub(crate) fn note(&self, hit: &Hit, target: &str) {
        self.access.note(&Line {
            route: hit.route,
            method: "GET",
            path: cache::path(target),
            status: hit.entry.header.status.as_u16(),
            bytes: hit.entry.body.len(),
            cache: Some("HIT"),
            took: hit.started.elapsed(),
            client: hit.client,
            replica: None,
            tries: 0,
            id: hit.id.as_str(),
            error: None,
        });
    }
}

/// The address in the request line of a head that was answered.
pub(crate) fn target(head: &[u8]) -> &str {
    let word = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    std::str::from_utf8(word).unwrap_or_default()
}

/// The head as the API is to see it; nothing if it is to be refused.
fn passed_on(request: &httparse::Request<'_, '_>, asker: &Asker<'_>) -> Option<Vec<u8>> {
    let path = request.path?;
    let fields = request.headers.iter().map(|header| (header.name, header.value.len()));
    request::check_fields(path.len(), fields).ok()?;
    let mut lines = Lines::of(request.headers, &NOT_PASSED);
    asker.tell(&mut lines).ok()?;
    let mut head = Vec::with_capacity(1024);
    for part in ["GET ", path, " HTTP/1.1\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
    lines.write(&mut head);
    head.extend_from_slice(b"\r\n");
    Some(head)
}
