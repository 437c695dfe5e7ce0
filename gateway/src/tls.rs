//! TLS: what is spoken, and with which certificates.

mod certificate;
mod expiry;
mod metrics;

pub use self::certificate::CertificateError;
pub(crate) use self::certificate::{Certificates, read_chain, self_signed};
pub(crate) use self::metrics::{Failure, TlsMetrics};

use rustls::crypto::ring;
use rustls::server::{ResolvesServerCert, ServerSessionMemoryCache};
use rustls::{ServerConfig, version};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// HTTP/2 if the client speaks it.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// What an authority speaks that asks for a proof: the handshake is all (RFC 8737 §3).
pub(crate) const ACME: &[u8] = b"acme-tls/1";
/// Sessions of TLS 1.2 that can be resumed by their number. Those of 1.3 are in tickets.
const SESSIONS: usize = 4096;

/// Speaks TLS 1.2 and 1.3 with `certificates`, and `ACME` if those `prove`.
///
/// # Errors
///
/// If the cryptography of this machine does not work.
pub(crate) fn acceptor(
    certificates: Arc<dyn ResolvesServerCert>,
    prove: bool,
) -> Result<TlsAcceptor, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    let protocols = PROTOCOLS.into_iter().chain(prove.then_some(ACME));
    config.alpn_protocols = protocols.map(<[u8]>::to_vec).collect();
    // The keys of tickets change every six hours.
    config.ticketer = ring::Ticketer::new()?;
    // Browsers ask for all over one connection of HTTP/2, so one ticket is what they can use; each
    // more costs both sides with every connection, resumed ones too.
    config.send_tls13_tickets = 1;
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Whether the client speaks HTTP without TLS; waits for its first byte.
pub(crate) async fn is_plain(tcp: &TcpStream) -> bool {
    let mut first = [0];
    // The first letter of a method. TLS begins with a 22 (RFC 8446 §5.1).
    matches!(tcp.peek(&mut first).await, Ok(1)) && first[0].is_ascii_uppercase()
}
