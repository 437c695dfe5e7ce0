//! One client's connection: who it is, then one request after another.

mod plainly;

use self::plainly::Plain;
use crate::begun::Begun;
use crate::drain::{Drain, Open};
use crate::hot::Hot;
use crate::http2::{Http2, PREFACE_BYTES};
use crate::limit::{Clients, Limit, LimitMetrics};
use crate::parking::{PARK_AFTER, Parked, Parking, Seat};
use crate::proxy::Gateway;
use crate::refusal::Refusal;
use crate::relay::Relay;
use crate::stream::{ClientStream, Patient};
use crate::tls::{self, Failure, TlsMetrics};
use crate::{ProxyHeader, ProxyProtocol, Route, head};
use pingora::apps::{HttpServerApp as _, ServerApp as _};
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use prometheus_client::metrics::counter::Counter;
use service_kit::HttpMetrics;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_rustls::TlsAcceptor;

/// How long a connection may be idle between two requests.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// To a client that speaks HTTP where HTTPS is spoken.
const PLAIN: &str = "this port speaks HTTPS: the address begins with https://";

/// What all connections share.
pub(crate) struct Connections {
    pub(crate) proxy: Arc<HttpProxy<Gateway>>,
    pub(crate) hot: Arc<Hot>,
    pub(crate) relay: Relay,
    pub(crate) drain: Arc<Drain>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) parking: Arc<Parking>,
    /// So many at once, of all clients.
    pub(crate) cap: usize,
    pub(crate) turned_away: Counter,
    pub(crate) hit: LimitMetrics,
    pub(crate) slow_readers: Counter,
    pub(crate) metrics: HttpMetrics,
    pub(crate) tls: TlsMetrics,
    pub(crate) proxy_protocol: ProxyProtocol,
    pub(crate) header_timeout: Duration,
    pub(crate) lame_duck: Duration,
    /// Pingora asks it whether the process is stopping. That is for `drain` to say.
    pub(crate) shutdown: watch::Receiver<bool>,
}

/// What came instead of a request's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoHead {
    /// The client has gone, was idle for too long, or the gateway stops.
    Nothing,
    /// Nothing for so long that the connection may wait elsewhere, until then.
    Idle(Instant),
    /// Some of it came, and there is something to say about it.
    Refused(Refusal),
}

impl Connections {
    /// Serves one connection to its end.
    pub(crate) async fn serve(
        &self,
        mut tcp: TcpStream,
        peer: SocketAddr,
        acceptor: Option<&TlsAcceptor>,
        open: Open,
    ) {
        // Without it an answer's end may wait for the client's acknowledgement.
        let _ = tcp.set_nodelay(true);
        let client = match self.proxy_protocol {
            ProxyProtocol::Off => peer,
            ProxyProtocol::Required => {
                let deadline = Instant::now() + self.header_timeout;
                match timeout_at(deadline, proxy_header(&mut tcp)).await {
                    Ok(Ok(client)) => client.unwrap_or(peer),
                    Ok(Err(error)) => {
                        tracing::debug!(client = %peer, "a connection was closed: {error}");
                        return;
                    }
                    Err(_) => return,
                }
            }
        };
        let now = Instant::now();
        let Some(counted) = self.clients.connect(client.ip(), now.into_std()) else {
            self.turned_away.inc();
            self.hit.hit(Limit::ClientConnections);
            tracing::debug!(client = %client, "{client} has too many connections");
            return;
        };
        let seat = Seat {
            client,
            // A client that came while the gateway was on its way out has its first request on the
            // way.
            young_until: now + self.lame_duck,
            _open: open,
            _counted: counted,
        };
        let Some(acceptor) = acceptor else {
            return self.serve_plain(tcp, seat, now + self.header_timeout).await;
        };
        // On the heap, here and below: what is awaited for a moment would else be a part of every
        // connection for as long as that lives.
        Box::pin(self.serve_encrypted(tcp, &seat, acceptor)).await;
    }

    /// Serves a connection that has waited and has something to say.
    pub(crate) async fn go_on(&self, parked: Parked) {
        let Parked { tcp, seat, until } = parked;
        match TcpStream::from_std(tcp) {
            Ok(tcp) => self.serve_plain(tcp, seat, until).await,
            Err(error) => tracing::warn!("a connection that waited is lost: {error}"),
        }
    }

    /// Serves a connection without encryption, whose next request is to begin before `until`, to its
    /// end or until it is parked.
    async fn serve_plain(&self, tcp: TcpStream, seat: Seat, until: Instant) {
        let fd = tcp.as_raw_fd();
        let stream = Box::new(ClientStream::new(self.patient(tcp), fd, seat.client));
        let Some((stream, until)) = self.requests(stream, &seat, until, true).await else { return };
        if let Some(Ok(tcp)) = stream.into_idle().map(|io| io.into_inner().into_std()) {
            self.parking.park(Parked { tcp, seat, until });
        }
    }

    fn patient(&self, tcp: TcpStream) -> Patient<TcpStream> {
        Patient::new(tcp, self.slow_readers.clone())
    }

    /// The same for a client that is to speak TLS.
    async fn serve_encrypted(&self, tcp: TcpStream, seat: &Seat, acceptor: &TlsAcceptor) {
        let (fd, client) = (tcp.as_raw_fd(), seat.client);
        let deadline = Instant::now() + self.header_timeout;
        if timeout_at(deadline, tls::is_plain(&tcp)).await == Ok(true) {
            self.tls.failed(Failure::Plain);
            let plain = Box::new(ClientStream::new(self.patient(tcp), fd, client));
            return self.refuse(plain, Refusal::BadRequest(PLAIN), client).await;
        }
        let accepting = Box::pin(timeout_at(deadline, acceptor.accept(self.patient(tcp))));
        match accepting.await {
            Ok(Ok(mut stream)) => {
                let protocol = stream.get_ref().1.alpn_protocol();
                if protocol == Some(tls::ACME) {
                    let _ = timeout_at(deadline, stream.shutdown()).await;
                    return;
                }
                let is_http2 = protocol == Some(b"h2");
                let stream = ClientStream::new(stream, fd, client);
                let stream = Box::new(stream.encrypted(is_http2.then(|| self.drain.clone())));
                if is_http2 {
                    Box::pin(self.streams(stream, client, deadline)).await;
                } else {
                    let first = Instant::now() + self.header_timeout;
                    self.requests(stream, seat, first, false).await;
                }
            }
            Ok(Err(error)) => {
                self.tls.failed(Failure::from(&error));
                tracing::debug!(client = %client, "no TLS with {client}: {error}");
            }
            Err(_) => {
                self.tls.failed(Failure::Slow);
                tracing::debug!(client = %client, "no TLS with {client} in time");
            }
        }
    }

    /// Says why what came is no request, and closes.
    async fn refuse<S>(
        &self,
        mut stream: Box<ClientStream<S>>,
        refusal: Refusal,
        client: SocketAddr,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.note(refusal, client);
        let deadline = Instant::now() + self.header_timeout;
        let _ = timeout_at(deadline, stream.send_last(&refusal.bytes())).await;
    }

    /// HTTP/2: many requests at once.
    async fn streams<S>(
        &self,
        mut stream: Box<ClientStream<S>>,
        client: SocketAddr,
        deadline: Instant,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static,
    {
        while stream.ahead().len() < PREFACE_BYTES {
            let Ok(Ok(1..)) = timeout_at(deadline, stream.read_ahead()).await else { return };
        }
        let http2 = Arc::new(Http2::new(self.proxy.clone(), self.hot.clone(), client));
        let idle = async {
            self.drain.closing().await;
            http2.idle_after_farewell().await;
        };
        tokio::select! {
            _ = http2.process_new(stream, &self.shutdown) => {}
            () = idle => {}
        }
    }

    /// HTTP/1: one request after another, the next of which is to begin before `until`. If the
    /// connection `may_park` and is idle for a while, returns it, and until when it may wait.
    async fn requests<S>(
        &self,
        mut stream: Box<ClientStream<S>>,
        seat: &Seat,
        mut until: Instant,
        may_park: bool,
    ) -> Option<(Box<ClientStream<S>>, Instant)>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static,
    {
        let client = seat.client;
        loop {
            let begun;
            let head = self.head(&mut stream, until, seat.young_until, may_park).await;
            let head = head.and_then(|end| {
                let checked = head::check(&stream.ahead()[..end]);
                checked.map(|()| end).map_err(NoHead::Refused)
            });
            match head {
                Ok(mut end) => {
                    if let Some(head) = head::in_origin_form(&stream.ahead()[..end]) {
                        stream.replace(end, &head);
                        end = head.len();
                    }
                    match self.do_plainly(&mut stream, end, client).await {
                        Plain::Done { goes_on: true } => {
                            until = self.next_until();
                            continue;
                        }
                        Plain::Done { goes_on: false } => return None,
                        Plain::Not(how) => begun = how,
                    }
                }
                Err(NoHead::Nothing) => return None,
                Err(NoHead::Idle(until)) => return Some((stream, until)),
                Err(NoHead::Refused(refusal)) => {
                    Box::pin(self.refuse(stream, refusal, client)).await;
                    return None;
                }
            }
            let mut session = ServerSession::new_http1(stream);
            session.set_keepalive(Some(KEEP_ALIVE.as_secs()));
            let request = self.proxy.process_new_http(session, &self.shutdown);
            let reused = match begun {
                Begun::Now => request.await,
                begun => begun.scope(request).await,
            };
            stream = reused?.consume().0.into_any().downcast().ok()?;
            until = self.next_until();
        }
    }

    /// Until when the next request is to begin on a connection that was just answered.
    fn next_until(&self) -> Instant {
        Instant::now() + KEEP_ALIVE + self.header_timeout
    }

    /// One line and one count for what never became a request.
    fn note(&self, refusal: Refusal, client: SocketAddr) {
        let status = refusal.status();
        if let Some(limit) = refusal.limit() {
            self.hit.hit(limit);
        }
        self.metrics.observe(Route::Hidden.name(), status, Duration::ZERO);
        tracing::info!(
            target: "access",
            { http.status = status, client = %client.ip() },
            "malformed {status}: {refusal}",
        );
    }

    /// Reads until the stream holds a whole head, and says where it ends. Before its first byte the
    /// client may be idle `until` then, and is told nothing if it waits too long or the gateway stops;
    /// from then on it has `header_timeout` for all of it, however it divides it.
    async fn head<S>(
        &self,
        stream: &mut ClientStream<S>,
        until: Instant,
        young_until: Instant,
        may_park: bool,
    ) -> Result<usize, NoHead>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let parked = may_park.then(|| Instant::now() + PARK_AFTER).filter(|at| *at < until);
        let first = parked.unwrap_or(until);
        let mut begun = None;
        let mut seen = 0;
        loop {
            if seen == 0 {
                stream.skip(head::leading_lines(stream.ahead()));
            }
            if let Some(end) = head::end(stream.ahead(), seen) {
                return Ok(end);
            }
            seen = stream.ahead().len();
            if seen > head::MAX_HEAD_BYTES {
                return Err(NoHead::Refused(Refusal::HeaderTooLarge));
            }
            if seen > 0 && begun.is_none() {
                begun = Some(Instant::now() + self.header_timeout);
            }
            let read = timeout_at(begun.unwrap_or(first), stream.read_ahead());
            let closing = async {
                self.drain.closing().await;
                sleep_until(young_until).await;
            };
            let read = tokio::select! {
                // What has arrived is read before the gateway closes an idle connection.
                biased;
                read = read => read,
                () = closing, if begun.is_none() => return Err(NoHead::Nothing),
            };
            match read {
                Ok(Ok(0) | Err(_)) => return Err(NoHead::Nothing),
                Ok(Ok(_)) => {}
                Err(_) if begun.is_some() => return Err(NoHead::Refused(Refusal::TooSlow)),
                Err(_) if parked.is_some() => return Err(NoHead::Idle(until)),
                Err(_) => return Err(NoHead::Nothing),
            }
        }
    }
}

/// Reads the PROXY header and not one byte of what follows it.
async fn proxy_header(tcp: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let mut bytes = Vec::new();
    loop {
        let header = ProxyHeader::read(&bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        match header {
            ProxyHeader::Complete(client) => return Ok(client),
            ProxyHeader::Incomplete(more) => {
                let at = bytes.len();
                bytes.resize(at + more, 0);
                tcp.read_exact(&mut bytes[at..]).await?;
            }
        }
    }
}
