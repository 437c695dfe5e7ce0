//! One kept answer, and how it comes together.

use super::Found;
use super::control::{CacheControl, Freshness};
use crate::fields::{status_line, write_line};
use crate::security::PROMISE;
use bytes::Bytes;
use pingora::Result;
use pingora::http::{RequestHeader, ResponseHeader};
use service_kit::{REQUEST_ID, RequestId};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long it is believed that there is nothing, if nobody says for how long.
const NOTHING: Duration = Duration::from_secs(5);
/// Headers that belong to one connection or one request, and not to the answer.
const NOT_KEPT: [&str; 11] = [
    "age",
    "connection",
    "date",
    "keep-alive",
    "proxy-connection",
    "server",
    "strict-transport-security",
    "trailer",
    "transfer-encoding",
    "x-cache",
    "x-request-id",
];

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) header: ResponseHeader,
    pub(crate) body: Bytes,
    /// The status line and the header lines, as HTTP/1.1 has them.
    pub(crate) lines: Vec<u8>,
    pub(crate) stored: Instant,
    freshness: Freshness,
}

impl Entry {
    /// What this entry is at `now`.
    pub(crate) fn found(self: Arc<Self>, now: Instant) -> Found {
        let age = now.saturating_duration_since(self.stored);
        let Freshness { fresh, while_revalidate, if_error } = self.freshness;
        if age < fresh {
            return Found::Fresh(self);
        }
        if age < fresh + while_revalidate {
            return Found::Stale(self);
        }
        if age < fresh + if_error { Found::Old(self) } else { Found::Nothing }
    }

    /// Adds to `header`, of an answer made of this entry, what belongs to one request.
    pub(crate) fn complete(
        &self,
        header: &mut ResponseHeader,
        label: &str,
        id: &RequestId,
        promise: Option<&str>,
    ) -> Result<()> {
        header.insert_header("age", self.stored.elapsed().as_secs())?;
        header.insert_header("x-cache", label)?;
        header.insert_header(REQUEST_ID, id.as_str())?;
        if let Some(promise) = promise {
            header.insert_header(PROMISE, promise)?;
        }
        Ok(())
    }

    /// Whether another client may get another form of it.
    pub(crate) fn varies(&self) -> bool {
        self.header.headers.contains_key("vary")
    }

    /// Roughly the bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        let headers = &self.header.headers;
        let text = headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        // A map takes about as much again, and so do the lines.
        size_of::<Self>() + 3 * text.sum::<usize>() + self.body.len()
    }
}

/// An answer that is on its way.
#[derive(Debug)]
pub(crate) struct Filling {
    header: ResponseHeader,
    freshness: Freshness,
    length: Option<usize>,
    body: Vec<u8>,
}

impl Filling {
    /// Begins with the answer's header, as the gateway completes it; nothing if it may not be kept.
    pub(crate) fn begin(request: &RequestHeader, header: &ResponseHeader) -> Option<Self> {
        let freshness = freshness(request, header)?;
        let length = header.headers.get("content-length");
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        Some(Self { header: header.clone(), freshness, length, body: Vec::new() })
    }

    /// The body's size, as far as it is known.
    pub(crate) fn size(&self) -> usize {
        self.body.len().max(self.length.unwrap_or(0))
    }

    /// Adds a piece of the body.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.body.reserve_exact(self.length.unwrap_or(0).saturating_sub(self.body.len()));
        self.body.extend_from_slice(piece);
    }

    /// The whole answer; nothing if a part of it is missing.
    pub(crate) fn finish(self, now: Instant) -> Option<Entry> {
        let Self { mut header, freshness, length, body } = self;
        if length.is_some_and(|length| length != body.len()) {
            return None;
        }
        for name in NOT_KEPT {
            header.remove_header(name);
        }
        header.insert_header("content-length", body.len()).ok()?;
        let lines = header_lines(&header);
        Some(Entry { header, body: body.into(), lines, stored: now, freshness })
    }
}

/// The status line and `header`, each line with its end, as HTTP/1.1 has them.
fn header_lines(header: &ResponseHeader) -> Vec<u8> {
    let mut lines = status_line(header.status, header.get_reason_phrase(), 1024);
    for (name, value) in &header.headers {
        write_line(name.as_str(), value.as_bytes(), &mut lines);
    }
    lines
}

/// How long the answer may be kept.
fn freshness(request: &RequestHeader, header: &ResponseHeader) -> Option<Freshness> {
    let all = |name: &str| {
        let values = header.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.collect::<Vec<&str>>().join(",")
    };
    let is_secret = request.headers.contains_key("authorization")
        || header.headers.contains_key("set-cookie")
        || !all("vary").split(',').all(|name| {
            let name = name.trim();
            name.is_empty() || name.eq_ignore_ascii_case("accept-encoding")
        });
    let is_whole = matches!(header.status.as_u16(), 200 | 301 | 308 | 404 | 410);
    if request.method != "GET" || is_secret || !is_whole {
        return None;
    }
    let control = all("cache-control");
    if control.is_empty() && matches!(header.status.as_u16(), 404 | 410) {
        let none = Duration::ZERO;
        return Some(Freshness { fresh: NOTHING, while_revalidate: none, if_error: none });
    }
    let mut freshness = CacheControl::read(&control).freshness()?;
    if matches!(header.status.as_u16(), 404 | 410) {
        freshness.fresh = freshness.fresh.min(NOTHING);
        freshness.while_revalidate = Duration::ZERO;
    }
    Some(freshness)
}
