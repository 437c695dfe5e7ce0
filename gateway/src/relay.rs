//! Asks the API without pingora, where that needs no thought.
//!
//! The API's answers that may not be kept are small, and asked for with a plain GET. Such a request is
//! sent, its whole answer read, and both passed on in one write each. Whatever does not go as expected
//! is left to pingora's phases, which learn what was tried; nothing has been sent to the client then.

mod reply;

pub(crate) use self::reply::MAX_BODY_BYTES;

use self::reply::Head;
use crate::UpstreamSettings;
use crate::access::{AccessLog, Line};
use crate::begun::{Before, ReplicaFailure};
use crate::cache::{self, Answers, Key};
use crate::fields::Fields as _;
use crate::refusal::Refusal;
use crate::route::Route;
use crate::security::{self, PROMISE};
use crate::upstream::{Replica, Upstream, Wish};
use bytes::BytesMut;
use pingora::protocols::http::date::get_cached_date;
use service_kit::{REQUEST_ID, RequestId, notice_loss};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What it takes to ask.
pub(crate) struct Relay {
    pub(crate) api: Arc<Upstream>,
    pub(crate) settings: UpstreamSettings,
    pub(crate) answers: Arc<Answers>,
    pub(crate) access: AccessLog,
    pub(crate) content_security_policy: String,
}

/// What is asked.
pub(crate) struct Errand {
    /// The request as the API is to see it.
    pub(crate) head: Vec<u8>,
    /// Under what memory knows that the answer may not be kept.
    pub(crate) key: Key,
    pub(crate) id: RequestId,
    pub(crate) client: IpAddr,
    pub(crate) started: Instant,
    /// What tells browsers to use HTTPS alone, if they are told.
    pub(crate) promise: Option<Arc<str>>,
}

/// What the client gets, but for the end of the head.
pub(crate) struct Reply {
    pub(crate) head: Vec<u8>,
    /// All that came, and where its body begins.
    bytes: BytesMut,
    body: usize,
    status: u16,
    replica: SocketAddr,
}

impl Reply {
    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.body..]
    }

    /// Completes the head: whether the connection ends with this answer.
    pub(crate) fn end_head(&mut self, is_last: bool) {
        let connection = if is_last { "close" } else { "keep-alive" };
        for part in ["connection: ", connection, "\r\n\r\n"] {
            self.head.extend_from_slice(part.as_bytes());
        }
    }
}

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The replica closed a connection that nobody used, as it may.
    Stale,
    /// The answer is not as short and whole as answers were that may not be kept.
    Odd,
    /// There is no connection.
    Connect(Refusal),
    /// The replica failed.
    Failed(Refusal),
}

impl Relay {
    /// Runs `errand`, or says how pingora is to go on.
    pub(crate) async fn ask(&self, errand: &Errand) -> Result<Reply, Before> {
        let before = |failure| Before { started: errand.started, id: errand.id.clone(), failure };
        let Some(replica) = self.api.pick(&[], Wish::Answer) else { return Err(before(None)) };
        let (refusal, has_spent) = match self.exchange(&replica, errand).await {
            Ok(reply) => {
                self.api.budget.note(errand.started);
                return Ok(reply);
            }
            Err(Trouble::Stale) => return Err(before(None)),
            Err(Trouble::Odd) => {
                self.answers.pass_long(&errand.key);
                return Err(before(None));
            }
            Err(Trouble::Connect(refusal)) => (refusal, false),
            Err(Trouble::Failed(refusal)) => (refusal, true),
        };
        replica.failed();
        // Pingora counts what it asks first. This it asks second.
        self.api.budget.note(errand.started);
        Err(before(Some(ReplicaFailure { replica: replica.addr, refusal, has_spent })))
    }

    /// Notes that `reply` was sent.
    pub(crate) fn note(&self, errand: &Errand, reply: &Reply) {
        self.access.note(&Line {
            route: Route::Api,
            method: "GET",
            path: cache::path(errand.key.target()),
            status: reply.status,
            bytes: reply.body().len(),
            cache: Some("BYPASS"),
            took: errand.started.elapsed(),
            client: errand.client,
            replica: Some(reply.replica),
            tries: 1,
            id: errand.id.as_str(),
            error: None,
        });
    }

    fn time_left(&self, errand: &Errand) -> Option<Duration> {
        self.settings.answer_timeout.checked_sub(errand.started.elapsed())
    }

    /// One request and its whole answer.
    async fn exchange(&self, replica: &Replica, errand: &Errand) -> Result<Reply, Trouble> {
        let (mut stream, was_idle) = match replica.idle.take(errand.started) {
            Some(stream) => (stream, true),
            None => (self.connect(replica.addr).await?, false),
        };
        let pause = self.settings.read_timeout;
        match timeout(pause, stream.write_all(&errand.head)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) if was_idle => return Err(Trouble::Stale),
            Ok(Err(_)) => return Err(Trouble::Failed(Refusal::BadGateway)),
            Err(_) => return Err(Trouble::Failed(Refusal::Timeout)),
        }
        let mut bytes = BytesMut::with_capacity(4096);
        let head = loop {
            let left = self.time_left(errand).ok_or(Trouble::Failed(Refusal::Timeout))?;
            match timeout(pause.min(left), stream.read_buf(&mut bytes)).await {
                Ok(Ok(1..)) => {}
                Ok(_) if was_idle && bytes.is_empty() => return Err(Trouble::Stale),
                Ok(_) => return Err(Trouble::Failed(Refusal::BadGateway)),
                Err(_) => return Err(Trouble::Failed(Refusal::Timeout)),
            }
            let read = Head::read(&bytes, |lines| {
                lines.put(REQUEST_ID, errand.id.as_str())?;
                lines.put("x-cache", "BYPASS")?;
                lines.put("date", get_cached_date().to_str().unwrap_or_default())?;
                security::complete(lines, &self.content_security_policy)?;
                errand.promise.as_ref().map_or(Ok(()), |promise| lines.put(PROMISE, promise))
            });
            if let Some(head) = read.map_err(|_| Trouble::Odd)? {
                break head;
            }
        };
        let whole = head.end + head.length;
        bytes.reserve(whole.saturating_sub(bytes.len()));
        while bytes.len() < whole {
            match timeout(pause, stream.read_buf(&mut bytes)).await {
                Ok(Ok(1..)) => {}
                Ok(_) => return Err(Trouble::Failed(Refusal::BadGateway)),
                Err(_) => return Err(Trouble::Failed(Refusal::Timeout)),
            }
        }
        replica.answered();
        if let Some(release) = &head.release {
            replica.note_release(release);
        }
        // What it sends beyond its answer answers nothing.
        if head.is_kept_alive && bytes.len() == whole {
            replica.idle.put(stream, Instant::now());
        }
        bytes.truncate(whole);
        let Head { lines, end, status, .. } = head;
        Ok(Reply { head: lines, bytes, body: end, status, replica: replica.addr })
    }

    async fn connect(&self, addr: SocketAddr) -> Result<TcpStream, Trouble> {
        match timeout(self.settings.connect_timeout, TcpStream::connect(addr)).await {
            Ok(Ok(stream)) => {
                // It works without, only later.
                let _ = stream.set_nodelay(true).and_then(|()| notice_loss(&stream));
                Ok(stream)
            }
            Ok(Err(_)) => Err(Trouble::Connect(Refusal::Unavailable)),
            Err(_) => Err(Trouble::Connect(Refusal::Timeout)),
        }
    }
}
