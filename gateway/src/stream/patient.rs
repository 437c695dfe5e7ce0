//! Gives up on a client that takes next to nothing of what is sent.
//!
//! It stands next to the socket: above it, encryption holds bytes back, and a slow client could not
//! be told from one that takes nothing.

use prometheus_client::metrics::counter::Counter;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A client that takes fewer bytes than this in this time holds what others could use.
const PATIENCE_BYTES: usize = 8 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// A socket whose writes fail when the client has taken too little for too long.
#[derive(Debug)]
pub(crate) struct Patient<S> {
    io: S,
    /// There while the client does not take what is sent.
    patience: Option<Patience>,
    /// Of clients that were given up.
    given_up: Counter,
}

impl<S> Patient<S> {
    /// Over `io`. `given_up` counts.
    pub(crate) fn new(io: S, given_up: Counter) -> Self {
        Self { io, patience: None, given_up }
    }

    /// What it is over.
    pub(crate) fn into_inner(self) -> S {
        self.io
    }

    /// Passes on what a write of `offered` bytes has sent.
    fn note(
        &mut self,
        context: &mut Context<'_>,
        sent: Poll<io::Result<usize>>,
        offered: usize,
    ) -> Poll<io::Result<usize>> {
        match sent {
            Poll::Ready(Ok(sent)) => {
                if sent == offered {
                    self.patience = None;
                } else if let Some(patience) = &mut self.patience {
                    patience.taken += sent;
                }
                Poll::Ready(Ok(sent))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => match self.patience.get_or_insert_with(Patience::new).poll(context) {
                Ok(()) => Poll::Pending,
                Err(error) => {
                    self.given_up.inc();
                    Poll::Ready(Err(error))
                }
            },
        }
    }
}

/// How long a client may take so few bytes.
#[derive(Debug)]
struct Patience {
    ends: Pin<Box<Sleep>>,
    taken: usize,
}

impl Patience {
    fn new() -> Self {
        Self { ends: Box::pin(sleep(PATIENCE)), taken: 0 }
    }

    /// Notes that the client takes nothing now. An error if it has taken too little for too long.
    fn poll(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while self.ends.as_mut().poll(context).is_ready() {
            if self.taken < PATIENCE_BYTES {
                return Err(io::ErrorKind::TimedOut.into());
            }
            *self = Self::new();
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.io).poll_write(context, bytes);
        self.note(context, sent, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered = pieces.iter().map(|piece| piece.len()).sum();
        let sent = Pin::new(&mut self.io).poll_write_vectored(context, pieces);
        self.note(context, sent, offered)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::crypto::ring;
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::Instant;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    const BYTES: usize = 64 * 1024;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_next_to_nothing_is_given_up_and_a_slow_one_is_not() {
        for (bytes_a_second, is_served) in [(100, false), (1000, true)] {
            let (ours, mut client) = duplex(64);
            let given_up = Counter::default();
            let mut stream = Patient::new(ours, given_up.clone());
            let sending = tokio::spawn(async move {
                stream.write_all(&vec![b'x'; BYTES]).await?;
                stream.flush().await
            });
            let taking = tokio::spawn(async move {
                let mut piece = vec![0; bytes_a_second];
                while client.read_exact(&mut piece).await.is_ok() {
                    sleep(Duration::from_secs(1)).await;
                }
            });

            assert_eq!(sending.await.unwrap().is_ok(), is_served, "{bytes_a_second} B/s");
            assert_eq!(given_up.get() > 0, !is_served);
            taking.abort();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_encryption_holds_back_waits_no_longer() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let certificate = made.cert.der().clone();
        let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (ours, theirs) = duplex(4096);
        let name = "localhost".try_into().unwrap();
        let connector = TlsConnector::from(Arc::new(client));
        let acceptor = TlsAcceptor::from(Arc::new(server));
        let (stream, client) = tokio::join!(
            acceptor.accept(Patient::new(ours, Counter::default())),
            connector.connect(name, theirs),
        );
        let (mut stream, _silent) = (stream.unwrap(), client.unwrap());

        // Less than encryption keeps for itself.
        stream.write_all(&[b'x'; 16 * 1024]).await.unwrap();
        let began = Instant::now();
        let flushed = stream.flush().await;

        assert_eq!(flushed.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() < PATIENCE * 2);
    }
}
