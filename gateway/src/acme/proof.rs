//! Answering the authority in a TLS handshake (TLS-ALPN-01, RFC 8737).

use super::store::Store;
use crate::settings::Host;
use crate::tls::{self, CertificateError, Certificates};
use rcgen::{CertificateParams, CustomExtension};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;

/// SHA-256.
const DIGEST_BYTES: usize = 32;

/// The certificates, and one with the answer for an authority that asks for it.
#[derive(Debug)]
pub(crate) struct Proofs {
    certificates: Arc<Certificates>,
    store: Arc<Store>,
}

impl Proofs {
    pub(super) fn new(certificates: Arc<Certificates>, store: Arc<Store>) -> Self {
        Self { certificates, store }
    }

    /// The certificate with the answer to the open question about `host`.
    fn prove(&self, host: &str) -> Result<Option<Arc<CertifiedKey>>, CertificateError> {
        let digest = host.parse::<Host>().ok().and_then(|host| self.store.question(&host));
        // Whoever else asks so gets nothing, and no key is made for him.
        let Some(digest) = digest.filter(|digest| digest.len() == DIGEST_BYTES) else {
            return Ok(None);
        };
        let params = CertificateParams::new(vec![host.to_owned()]);
        let mut params = params.map_err(CertificateError::SelfSigned)?;
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(&digest)];
        tls::self_signed(&params).map(Some)
    }
}

impl ResolvesServerCert for Proofs {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asks = hello.alpn().is_some_and(|protocols| protocols.eq([tls::ACME]));
        if !asks {
            return self.certificates.resolve(hello);
        }
        let proved = self.prove(hello.server_name()?);
        proved.unwrap_or_else(|error| {
            tracing::error!("the authority gets no answer: {error}");
            None
        })
    }
}
