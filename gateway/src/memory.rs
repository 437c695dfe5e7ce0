//! The phases of a request that may be answered from memory.

use crate::cache::{
    Answers, Asked, Codings, Entry, Filling, Flight, Found, Key, Reply, Turn, target,
};
use crate::fields::Fields as _;
use crate::refresh::Refresh;
use crate::relay::MAX_BODY_BYTES;
use crate::request::host;
use crate::route::Route;
use crate::upstream::Upstream;
use pingora::Result;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::proxy::Session;
use service_kit::RequestId;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How often a request waits for somebody else's answer before it asks by itself.
const MAX_WAITS: usize = 3;
/// For how long each time.
const WAIT: Duration = Duration::from_secs(5);

/// What is kept, and who asks anew.
pub(crate) struct Memory {
    pub(crate) answers: Arc<Answers>,
    pub(crate) refreshes: mpsc::Sender<Refresh>,
}

/// What memory has to do with one request.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    /// Under what the answer will be kept.
    key: Option<Key>,
    /// Others wait for the answer.
    flight: Option<Flight>,
    /// What can be sent if nobody has another answer.
    old: Option<Arc<Entry>>,
    filling: Option<Filling>,
    /// What the service may encode the answer with; nothing if the client's own wish is passed on.
    pub(crate) codings: Option<Codings>,
    /// For `X-Cache`.
    label: Option<&'static str>,
}

/// What to do with a request.
pub(crate) enum Recalled {
    /// Send this.
    Reply(Arc<Entry>, &'static str),
    /// Ask a service.
    Ask,
}

impl Memory {
    /// Looks whether there is an answer, and waits for it if somebody asks already.
    pub(crate) async fn recall(
        &self,
        request: &RequestHeader,
        route: Route,
        upstream: &Upstream,
        recall: &mut Recall,
        is_refresh: bool,
    ) -> Recalled {
        let is_read = matches!(request.method.as_str(), "GET" | "HEAD");
        let is_private =
            ["authorization", "upgrade"].iter().any(|name| request.headers.contains_key(*name));
        if !is_read || is_private {
            return Recalled::Ask;
        }
        let codings = Codings::read(request.text("accept-encoding").unwrap_or_default());
        recall.codings = Some(codings);
        let host = host(request).unwrap_or_default();
        let (release, before) = upstream.releases();
        let key = Key::new(route, release, host, target(request), codings);
        if is_refresh {
            recall.key = Some(key);
            return Recalled::Ask;
        }
        let asked = Asked::read(request);
        for waits in 0..MAX_WAITS {
            match self.answers.find(&key, Instant::now()) {
                Found::Fresh(entry) => {
                    self.answers.hits.inc();
                    return Recalled::Reply(entry, "HIT");
                }
                Found::Stale(entry) => {
                    self.answers.stale.inc();
                    if let Turn::Ours(flight) = self.answers.turn(&key) {
                        self.refresh(host, &key, codings, flight);
                    }
                    return Recalled::Reply(entry, "STALE");
                }
                Found::Pass { .. } => {
                    recall.label = Some("BYPASS");
                    return Recalled::Ask;
                }
                Found::Old(entry) if waits > 0 => {
                    // Somebody asked just now, and there is still nothing better.
                    self.answers.stale.inc();
                    return Recalled::Reply(entry, "STALE");
                }
                Found::Old(entry) => recall.old = Some(entry),
                Found::Nothing => {
                    // A page of the release before is better than none.
                    let before = before.clone().map(|before| key.of_release(before));
                    let found = before.map(|key| self.answers.find(&key, Instant::now()));
                    recall.old = match found {
                        Some(Found::Fresh(entry) | Found::Stale(entry) | Found::Old(entry)) => {
                            Some(entry)
                        }
                        _ => None,
                    };
                }
            }
            recall.label = Some("MISS");
            if asked.is_head {
                break;
            }
            match self.answers.turn(&key) {
                // The service answers the question as it was put, and memory gets the whole.
                Turn::Ours(flight) if asked.is_conditional() => {
                    self.refresh(host, &key, codings, flight);
                    break;
                }
                Turn::Theirs(_) if asked.is_conditional() => break,
                Turn::Ours(flight) => {
                    (recall.key, recall.flight) = (Some(key), Some(flight));
                    break;
                }
                Turn::Theirs(mut landed) => {
                    // It ends in an error when the other has its answer, or has failed.
                    let _ = tokio::time::timeout(WAIT, landed.changed()).await;
                }
            }
        }
        self.answers.misses.inc();
        Recalled::Ask
    }

    fn refresh(&self, host: &str, key: &Key, codings: Codings, flight: Flight) {
        let refresh = Refresh::new(host, key.target(), codings, flight);
        // If too many wait already, the next reader asks again.
        let _ = self.refreshes.try_send(refresh);
    }

    /// Sends what is kept.
    pub(crate) async fn send(
        session: &mut Session,
        entry: &Entry,
        label: &'static str,
        id: &RequestId,
        promise: Option<Arc<str>>,
    ) -> Result<()> {
        let asked = Asked::read(session.req_header());
        let reply = Reply::choose(entry, &asked);
        let body = reply.body(entry, &asked);
        let mut header = reply.header(entry)?;
        entry.complete(&mut header, label, id, promise.as_deref())?;
        session.write_response_header(Box::new(header), body.is_empty()).await?;
        if !body.is_empty() {
            session.write_response_body(Some(body), true).await?;
        }
        Ok(())
    }

    /// The answer begins: is it to be kept?
    pub(crate) fn begin(
        &self,
        request: &RequestHeader,
        header: &mut ResponseHeader,
        route: Route,
        recall: &mut Recall,
    ) -> Result<()> {
        // Another release may bring the file that is missing.
        let is_lost = route == Route::Asset && header.status != 200;
        if let Some(label) = recall.label {
            header.insert_header("x-cache", label)?;
        }
        let Some(key) = &recall.key else { return Ok(()) };
        let filling = Filling::begin(request, header);
        recall.filling = filling.filter(|new| !is_lost && self.answers.has_room_for(new.size()));
        if recall.filling.is_none() {
            if !is_lost && header.status.as_u16() < 500 && header.status != 304 {
                self.answers.pass(key, Instant::now(), is_short(header));
            }
            // Nobody needs to wait for it.
            (recall.key, recall.flight) = (None, None);
        }
        Ok(())
    }

    /// A piece of the answer's body.
    pub(crate) fn add(&self, piece: &[u8], is_end: bool, recall: &mut Recall) {
        let Some(filling) = &mut recall.filling else { return };
        filling.push(piece);
        if !self.answers.has_room_for(filling.size()) {
            recall.filling = None;
        } else if is_end {
            self.finish(recall);
        }
        if recall.filling.is_none() {
            (recall.key, recall.flight) = (None, None);
        }
    }

    /// The answer is complete.
    pub(crate) fn finish(&self, recall: &mut Recall) {
        if let (Some(key), Some(filling)) = (recall.key.take(), recall.filling.take())
            && let Some(entry) = filling.finish(Instant::now())
        {
            self.answers.keep(&key, entry);
        }
        recall.flight = None;
    }
}

impl Recall {
    /// What can be sent because nobody has another answer.
    pub(crate) fn last_resort(&mut self) -> Option<Arc<Entry>> {
        self.old.take()
    }

    /// Whether there is something to send instead of an error.
    pub(crate) fn has_last_resort(&self) -> bool {
        self.old.is_some()
    }
}

/// Whether the relay could have passed this answer on.
fn is_short(header: &ResponseHeader) -> bool {
    let length = header.headers.get("content-length").and_then(|length| length.to_str().ok());
    length.is_some_and(|length| length.parse().is_ok_and(|bytes: usize| bytes <= MAX_BODY_BYTES))
}
