//! Signing certificates.

use super::jws::decode;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer, KeyPair,
    SanType, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The authority's own key and certificate.
pub(super) struct Issuing {
    issuer: Issuer<'static, KeyPair>,
    root: String,
}

impl fmt::Debug for Issuing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuing").finish_non_exhaustive()
    }
}

const PLAIN: &str = "the test's own parameters are good";

impl Issuing {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect(PLAIN);
        let root = params.self_signed(&key).expect(PLAIN).pem();
        Self { issuer: Issuer::new(params, key), root }
    }

    /// PEM.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// What its own server shows to clients.
    pub(super) fn server(&self) -> Arc<ServerConfig> {
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect(PLAIN);
        let key = KeyPair::generate().expect(PLAIN);
        let certificate = params.signed_by(&key, &self.issuer).expect(PLAIN);
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect(PLAIN)
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into());
        Arc::new(config.expect(PLAIN))
    }

    /// The chain for the request `csr`, as it comes in JSON; nothing if it is not for exactly
    /// `hosts`.
    pub(super) fn sign(&self, csr: &str, hosts: &[&str], lifetime: Duration) -> Option<String> {
        let csr = decode(csr)?;
        let mut csr = CertificateSigningRequestParams::from_der(&csr.into()).ok()?;
        let names = csr.params.subject_alt_names.iter().map(|name| match name {
            SanType::DnsName(name) => Some(name.as_str()),
            _ => None,
        });
        let mut names: Vec<&str> = names.collect::<Option<_>>()?;
        names.sort_unstable();
        if names != hosts {
            return None;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        csr.params.not_before = date_time_ymd(1970, 1, 1) + now;
        csr.params.not_after = csr.params.not_before + lifetime;
        let certificate = csr.signed_by(&self.issuer).ok()?;
        Some(certificate.pem() + &self.root)
    }
}
