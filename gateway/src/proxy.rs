//! The only `impl ProxyHttp`: phases in order, no decisions.

mod https;
mod log;
mod recall;
mod retry;

pub(crate) use self::https::Https;
use self::https::is_encrypted;

use crate::access::AccessLog;
use crate::begun::Begun;
use crate::drain::Drain;
use crate::fields::Fields as _;
use crate::limit::{Clients, LimitMetrics};
use crate::memory::{Memory, Recall};
use crate::refusal::Refusal;
use crate::request::{Asker, check, host};
use crate::route::{Route, route};
use crate::upstream::{Replica, UPSTREAM_IDLE, Upstream, Wish};
use crate::{UpstreamSettings, client, security};
use async_trait::async_trait;
use bytes::Bytes;
use ipnet::IpNet;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::prelude::HttpPeer;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::{Error, ErrorSource, ErrorType, Result};
use prometheus_client::metrics::counter::Counter;
use service_kit::{REQUEST_ID, RequestId, X_RELEASE, notice_loss};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tries of one request, the first included.
pub(crate) const MAX_TRIES: usize = 2;
/// How long a client may take to accept a piece of the answer.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection that speaks another protocol by now may be silent.
const UPGRADED_IDLE: Duration = Duration::from_mins(10);

/// What all requests share.
pub(crate) struct Gateway {
    pub(crate) api: Arc<Upstream>,
    pub(crate) blog_static: Arc<Upstream>,
    pub(crate) settings: UpstreamSettings,
    pub(crate) trusted: Vec<IpNet>,
    pub(crate) access: AccessLog,
    pub(crate) retries: Counter,
    pub(crate) drain: Arc<Drain>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) memory: Memory,
    pub(crate) purgers: Vec<IpNet>,
    pub(crate) https: Option<Https>,
    pub(crate) max_body_bytes: usize,
    pub(crate) body_timeout: Duration,
    pub(crate) hit: LimitMetrics,
    pub(crate) content_security_policy: String,
}

/// What is known of one request.
pub(crate) struct RequestState {
    started: Instant,
    id: RequestId,
    client: IpAddr,
    route: Route,
    /// The replica that is asked now.
    replica: Option<Arc<Replica>>,
    body_bytes: usize,
    tried: Vec<SocketAddr>,
    /// What the next try hopes for.
    wish: Wish,
    begun: Begun,
    recall: Recall,
}

impl Gateway {
    fn upstream(&self, route: Route) -> &Upstream {
        match route {
            Route::Api => &self.api,
            Route::Asset | Route::Page | Route::Hidden => &self.blog_static,
        }
    }
}

#[async_trait]
impl ProxyHttp for Gateway {
    type CTX = RequestState;

    fn new_ctx(&self) -> RequestState {
        let begun = Begun::of_this_task();
        let (started, id) = match &begun {
            Begun::Before(before) => (before.started, before.id.clone()),
            Begun::Now | Begun::Refresh => (Instant::now(), RequestId::generate()),
        };
        RequestState {
            started,
            id,
            client: Ipv4Addr::UNSPECIFIED.into(),
            route: Route::Hidden,
            replica: None,
            body_bytes: 0,
            tried: begun.failure().map(|failure| failure.replica).into_iter().collect(),
            wish: Wish::Answer,
            begun,
            recall: Recall::default(),
        }
    }

    /// 1. Who asks for what; refuse early, before anything is spent on the request.
    async fn request_filter(
        &self,
        session: &mut Session,
        state: &mut RequestState,
    ) -> Result<bool> {
        if session.is_http2() {
            // Of HTTP/1, the stream itself loses its patience.
            session.set_write_timeout(Some(WRITE_TIMEOUT));
        }
        let is_upgrade = session.req_header().headers.contains_key("upgrade");
        session.set_read_timeout(Some(if is_upgrade { UPGRADED_IDLE } else { self.body_timeout }));
        let peer = session.client_addr().and_then(|addr| addr.as_inet()).map(SocketAddr::ip);
        let request = session.req_header();
        let forwarded = request.text("x-forwarded-for").unwrap_or_default();
        state.client = client::address(peer.unwrap_or(state.client), forwarded, &self.trusted);
        let routed = check(request).and_then(|()| {
            route(request.uri.path()).map_err(|_| Refusal::BadRequest("the address is malformed"))
        });
        let length = request.text("content-length").and_then(|length| length.parse().ok());
        let refusal = match routed {
            Ok(_) if self.is_to_be_redirected(session, state) => {
                return self.redirect(session, state).await;
            }
            Ok(Route::Hidden) => Refusal::NotFound,
            Ok(_) if length > Some(self.max_body_bytes) => Refusal::BodyTooLarge,
            Ok(route)
                if !state.begun.is_new() || self.clients.admit(state.client, state.started) =>
            {
                state.route = route;
                if let Some(refusal) = self.verdict(session, state) {
                    self.refuse(refusal, session, state).await?;
                    return Ok(true);
                }
                if let Some(proof) = self.proof(session) {
                    return self.prove(session, proof, state).await;
                }
                return if request.method == "PURGE" {
                    self.purge(session, state).await
                } else {
                    self.recall(session, state).await
                };
            }
            Ok(_) => Refusal::TooManyRequests,
            Err(refusal) => refusal,
        };
        self.refuse(refusal, session, state).await?;
        Ok(true)
    }

    /// Between 1 and 5, for each piece of the request's body.
    async fn request_body_filter(
        &self,
        session: &mut Session,
        body: &mut Option<Bytes>,
        _: bool,
        state: &mut RequestState,
    ) -> Result<()> {
        if session.was_upgraded() {
            return Ok(());
        }
        state.body_bytes += body.as_ref().map_or(0, Bytes::len);
        let refused = |status, why| Err(Error::explain(ErrorType::HTTPStatus(status), why));
        if state.body_bytes > self.max_body_bytes {
            return refused(413, "the request's body is too large");
        }
        if state.started.elapsed() > self.body_timeout {
            return refused(408, "the request's body came too slowly");
        }
        Ok(())
    }

    /// 2. Pick a replica, another one each time.
    async fn upstream_peer(
        &self,
        session: &mut Session,
        state: &mut RequestState,
    ) -> Result<Box<HttpPeer>> {
        let upstream = self.upstream(state.route);
        let Some(replica) = upstream.pick(&state.tried, state.wish) else {
            return Err(Error::explain(ErrorType::HTTPStatus(503), "no replica is known"));
        };
        let Some(left) = self.time_left(state) else {
            return Err(Error::explain(ErrorType::HTTPStatus(504), "the answer comes too late"));
        };
        match *state.tried {
            [] => upstream.budget.note(state.started),
            _ => {
                self.retries.inc();
            }
        }
        let is_upgrade = session.req_header().headers.contains_key("upgrade");
        let pause = if is_upgrade { UPGRADED_IDLE } else { self.settings.read_timeout.min(left) };
        state.tried.push(replica.addr);
        let mut peer = HttpPeer::new(replica.addr, false, String::new());
        peer.options.connection_timeout = Some(self.settings.connect_timeout);
        peer.options.total_connection_timeout = Some(self.settings.connect_timeout);
        peer.options.read_timeout = Some(pause);
        peer.options.write_timeout = Some(self.settings.read_timeout);
        peer.options.idle_timeout = Some(UPSTREAM_IDLE);
        peer.options.upstream_tcp_sock_tweak_hook = Some(Arc::new(|socket| {
            // It works without, only later.
            let _ = notice_loss(socket);
            Ok(())
        }));
        state.replica = Some(replica);
        Ok(Box::new(peer))
    }

    /// 3. Say who is asking. What the client claimed about itself is replaced.
    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        state: &mut RequestState,
    ) -> Result<()> {
        let asker = Asker {
            client: state.client,
            is_encrypted: is_encrypted(session),
            host: host(session.req_header()),
            codings: state.recall.codings,
            id: &state.id,
        };
        asker.tell(request)
    }

    /// 4. While replicas roll, a page from one may ask another for a file that only the first has.
    async fn upstream_response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        state: &mut RequestState,
    ) -> Result<()> {
        if let Some(replica) = &state.replica {
            replica.answered();
            let release = response.headers.get(X_RELEASE).and_then(|id| id.to_str().ok());
            if let Some(release) = release {
                replica.note_release(release);
            }
        }
        if self.time_left(state).is_none() {
            return Error::e_explain(ErrorType::HTTPStatus(504), "the answer came too late");
        }
        if response.status.as_u16() >= 500 && state.recall.has_last_resort() {
            let status = ErrorType::HTTPStatus(response.status.as_u16());
            return Error::e_explain(status, "memory has something better");
        }
        let is_lost = state.route == Route::Asset && response.status == 404;
        if is_lost && self.may_retry(session, state) {
            let why = "this replica does not know the file, another may";
            let mut error = Error::explain(ErrorType::HTTPStatus(404), why);
            error.set_retry(true);
            state.wish = Wish::OtherRelease;
            return Err(error.into_up());
        }
        Ok(())
    }

    /// 5. What every answer carries.
    async fn response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        state: &mut RequestState,
    ) -> Result<()> {
        if self.drain.is_lame() {
            session.set_keepalive(None);
        }
        response.remove_header("server");
        response.insert_header(REQUEST_ID, state.id.as_str())?;
        security::complete(response, &self.content_security_policy)?;
        if let Some(promise) = self.promise(session) {
            response.insert_header(security::PROMISE, &*promise)?;
        }
        let request = session.req_header();
        self.memory.begin(request, response, state.route, &mut state.recall)
    }

    /// 5b. For each piece of the answer's body.
    fn response_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        is_end: bool,
        state: &mut RequestState,
    ) -> Result<Option<Duration>> {
        self.memory.add(body.as_deref().unwrap_or_default(), is_end, &mut state.recall);
        Ok(None)
    }

    /// A connection that failed: nothing was sent, so any request may go elsewhere.
    fn fail_to_connect(
        &self,
        _: &mut Session,
        _: &HttpPeer,
        state: &mut RequestState,
        mut error: Box<Error>,
    ) -> Box<Error> {
        if let Some(replica) = &state.replica {
            replica.failed();
        }
        let has_other = self.upstream(state.route).has_other(&state.tried);
        error.set_retry(has_other && state.tried.len() < MAX_TRIES);
        error
    }

    /// An answer that failed: a safe request that got none goes elsewhere.
    fn error_while_proxy(
        &self,
        peer: &HttpPeer,
        session: &mut Session,
        error: Box<Error>,
        state: &mut RequestState,
        _: bool,
    ) -> Box<Error> {
        if *error.esource() == ErrorSource::Upstream
            && !matches!(error.etype(), ErrorType::HTTPStatus(_))
            && let Some(replica) = &state.replica
        {
            replica.failed();
        }
        let is_upstream = *error.esource() == ErrorSource::Upstream;
        let mut error = error.more_context(format!("replica {peer}"));
        error.set_retry(is_upstream && self.may_spend_retry(session, state));
        error
    }

    /// Instead of 4 and 5, when no replica answered.
    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        state: &mut RequestState,
    ) -> FailToProxy {
        let refusal = Refusal::from(error);
        if session.response_written().is_none()
            && *error.esource() != ErrorSource::Downstream
            && let Some(entry) = state.recall.last_resort()
        {
            self.memory.answers.stale.inc();
            let is_sent = self.send(session, &entry, "STALE", state).await.is_ok();
            return FailToProxy { error_code: 200, can_reuse_downstream: is_sent };
        }
        // A client that has its first bytes, or has gone, cannot be told anything.
        let is_there =
            *error.esource() != ErrorSource::Downstream || refusal == Refusal::BodyTooSlow;
        if session.response_written().is_none() && is_there {
            let _ = self.refuse(refusal, session, state).await;
        } else if !session.is_http2() {
            // What it has not got of what was there before the end is sent.
            session.as_downstream_mut().shutdown().await;
        }
        FailToProxy { error_code: refusal.status(), can_reuse_downstream: false }
    }

    /// 6. One line and one count a request.
    async fn logging(
        &self,
        session: &mut Session,
        error: Option<&Error>,
        state: &mut RequestState,
    ) {
        self.log(session, error, state);
    }

    /// The access log has it, with the reason.
    fn suppress_error_log(&self, _: &Session, _: &RequestState, _: &Error) -> bool {
        true
    }
}
