//! The bytes of one connection: what was read ahead, and what waits to be sent.
//!
//! Pingora's own stream keeps its buffers for as long as the connection lives. This one has them
//! only while there is something in them, so that an idle connection costs next to nothing, and
//! lets the gateway look at a request's head before pingora does.

mod patient;
#[cfg(test)]
mod tests;

pub(crate) use self::patient::Patient;
use crate::drain::Drain;
use async_trait::async_trait;
use bytes::{Buf, BytesMut};
use futures_util::FutureExt as _;
use pingora::protocols::l4::socket::SocketAddr as PingoraAddr;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Pieces are gathered up to this size, so that a page and its headers leave in one write.
const GATHER_BYTES: usize = 64 * 1024;
/// How long a client that does not stop sending is listened to.
const LINGER: Duration = Duration::from_secs(1);
/// How much is read at once.
const READ_BYTES: usize = 4096;

/// A connection over `S`, plain or encrypted.
pub(crate) struct ClientStream<S> {
    io: S,
    socket: Arc<SocketDigest>,
    fd: RawFd,
    /// Read, and not yet taken.
    ahead: BytesMut,
    /// Taken, and not yet sent.
    unsent: BytesMut,
    /// Whether what is unsent was to be flushed, and waits for the next time that somebody listens.
    is_put_off: bool,
    /// There if the connection is encrypted.
    encrypted: Option<Encrypted>,
}

/// What TLS has agreed on.
struct Encrypted {
    digest: Arc<SslDigest>,
    /// There if HTTP/2 is spoken: whether the gateway stops.
    http2: Option<Arc<Drain>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> ClientStream<S> {
    /// The connection over `io`, whose socket is `fd` and whose other end is `client`.
    pub(crate) fn new(io: S, fd: RawFd, client: SocketAddr) -> Self {
        let socket = SocketDigest::from_raw_fd(fd);
        // It is new, so nobody has set it.
        let _ = socket.peer_addr.set(Some(PingoraAddr::Inet(client)));
        let (ahead, unsent) = (BytesMut::new(), BytesMut::new());
        Self { io, socket: Arc::new(socket), fd, ahead, unsent, is_put_off: false, encrypted: None }
    }

    /// The same connection, which is encrypted.
    pub(crate) fn encrypted(self, http2: Option<Arc<Drain>>) -> Self {
        let digest = Arc::new(SslDigest::new("", "TLS", None, None, Vec::new()));
        Self { encrypted: Some(Encrypted { digest, http2 }), ..self }
    }

    /// What it is over, if nothing would be lost with this.
    pub(crate) fn into_idle(self) -> Option<S> {
        (self.ahead.is_empty() && self.unsent.is_empty()).then_some(self.io)
    }

    /// What was read and not yet taken.
    pub(crate) fn ahead(&self) -> &[u8] {
        &self.ahead
    }

    /// Behaves as if `bytes` had been read.
    pub(crate) fn put_ahead(&mut self, bytes: &[u8]) {
        self.ahead.extend_from_slice(bytes);
    }

    /// Forgets the first `count` bytes that were read and not yet taken.
    pub(crate) fn skip(&mut self, count: usize) {
        self.ahead.advance(count);
        if self.ahead.is_empty() {
            self.ahead = BytesMut::new();
        }
    }

    /// Puts `bytes` in the place of the first `count` that were read and not yet taken.
    pub(crate) fn replace(&mut self, count: usize, bytes: &[u8]) {
        let rest = self.ahead.split_off(count);
        self.ahead = BytesMut::from(bytes);
        self.ahead.unsplit(rest);
    }

    /// Reads more; 0 is the end. Nothing is lost if this is not awaited to its end.
    pub(crate) async fn read_ahead(&mut self) -> io::Result<usize> {
        poll_fn(|context| {
            // On the stack: a connection that waits for its client holds no memory for that.
            let mut piece = [MaybeUninit::uninit(); READ_BYTES];
            let mut piece = ReadBuf::uninit(&mut piece);
            ready!(Pin::new(&mut self.io).poll_read(context, &mut piece))?;
            self.ahead.extend_from_slice(piece.filled());
            Poll::Ready(Ok(piece.filled().len()))
        })
        .await
    }

    /// Whether TLS is spoken.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted.is_some()
    }

    /// Sends `head` and `body`.
    pub(crate) async fn send(&mut self, head: &[u8], body: &[u8]) -> io::Result<()> {
        self.flush().await?;
        let mut pieces = [IoSlice::new(head), IoSlice::new(body)];
        let mut left = &mut pieces[..];
        while !left.is_empty() {
            let io = &mut self.io;
            let sent = poll_fn(|context| Pin::new(&mut *io).poll_write_vectored(context, left));
            match sent.await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                sent => IoSlice::advance_slices(&mut left, sent),
            }
        }
        self.io.flush().await
    }

    /// Sends `answer` and closes.
    pub(crate) async fn send_last(&mut self, answer: &[u8]) -> io::Result<()> {
        self.write_all(answer).await?;
        self.close().await
    }

    /// Closes. What the client still sends is taken for a moment: the system would answer it with a
    /// reset, and the client would lose what was sent before.
    pub(crate) async fn close(&mut self) -> io::Result<()> {
        AsyncWriteExt::shutdown(self).await?;
        self.ahead.clear();
        let mut piece = [0; READ_BYTES];
        if !matches!(self.io.read(&mut piece).now_or_never(), Some(Ok(1..))) {
            return Ok(());
        }
        let rest = async { while matches!(self.io.read(&mut piece).await, Ok(1..)) {} };
        // A client that goes on for longer does not read.
        let _ = tokio::time::timeout(LINGER, rest).await;
        Ok(())
    }

    /// Over HTTP/2 each answer's end is flushed, even if the next one is ready. To send them together,
    /// the first flush is put off until the connection, which is woken for that, listens again. Not while
    /// the gateway stops: a client that reads an answer and the farewell at once may ask once more in
    /// between, and not be heard.
    fn puts_off(&mut self, context: &Context<'_>) -> bool {
        let http2 = self.encrypted.as_ref().and_then(|encrypted| encrypted.http2.as_ref());
        if self.unsent.is_empty() || http2.is_none_or(|drain| drain.is_lame()) {
            return false;
        }
        if !self.is_put_off {
            self.is_put_off = true;
            context.waker().wake_by_ref();
        }
        true
    }

    fn poll_flush_now(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context, &[]))?;
        Pin::new(&mut self.io).poll_flush(context)
    }

    /// Sends what waits, and `more` after it; returns how much of `more` was sent.
    fn poll_send(&mut self, context: &mut Context<'_>, more: &[u8]) -> Poll<io::Result<usize>> {
        while !self.unsent.is_empty() {
            let pieces = [IoSlice::new(&self.unsent), IoSlice::new(more)];
            let sent = ready!(Pin::new(&mut self.io).poll_write_vectored(context, &pieces))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let waited = self.unsent.len();
            if sent >= waited {
                self.unsent = BytesMut::new();
                self.is_put_off = false;
                if sent > waited || more.is_empty() {
                    return Poll::Ready(Ok(sent - waited));
                }
            } else {
                self.unsent.advance(sent);
            }
        }
        if more.is_empty() {
            return Poll::Ready(Ok(0));
        }
        Pin::new(&mut self.io).poll_write(context, more)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for ClientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Whoever listens to the client has nothing to send at the moment, so nothing is gathered.
        if !self.unsent.is_empty()
            && let Poll::Ready(Err(error)) = self.poll_flush_now(context)
        {
            return Poll::Ready(Err(error));
        }
        if self.ahead.is_empty() {
            return Pin::new(&mut self.io).poll_read(context, buffer);
        }
        let count = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.ahead[..count]);
        self.skip(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.unsent.len() + bytes.len() > GATHER_BYTES {
            return self.poll_send(context, bytes);
        }
        self.unsent.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.puts_off(context) {
            return Poll::Ready(Ok(()));
        }
        self.poll_flush_now(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush_now(context))?;
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

impl<S> fmt::Debug for ClientStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientStream").field("socket", &self.socket).finish_non_exhaustive()
    }
}

#[async_trait]
impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Shutdown for ClientStream<S> {
    async fn shutdown(&mut self) {
        // A client that has gone needs no farewell.
        let _ = self.close().await;
    }
}

impl<S> UniqueID for ClientStream<S> {
    fn id(&self) -> UniqueIDType {
        self.fd
    }
}

impl<S> Ssl for ClientStream<S> {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        Some(self.encrypted.as_ref()?.digest.clone())
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        let encrypted = self.encrypted.as_ref()?;
        Some(if encrypted.http2.is_some() { ALPN::H2 } else { ALPN::H1 })
    }
}

impl<S> Peek for ClientStream<S> {}

impl<S> GetTimingDigest for ClientStream<S> {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl<S> GetProxyDigest for ClientStream<S> {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl<S> GetSocketDigest for ClientStream<S> {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        Some(self.socket.clone())
    }
}
