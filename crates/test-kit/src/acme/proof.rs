//! Asking a gateway for the proof that a host is its own.

use crate::tls::tls_connector;
use ring::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, ServerName};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// For a gateway to answer.
const DEADLINE: Duration = Duration::from_secs(5);
const PROTOCOL: &str = "acme-tls/1";

/// How the proof is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// RFC 8555 §8.3.
    Http01,
    /// RFC 8737.
    TlsAlpn01,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Http01, Self::TlsAlpn01];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::TlsAlpn01 => "tls-alpn-01",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Question {
    kind: Kind,
    host: String,
    token: String,
    /// The key authorization.
    answer: String,
}

impl Question {
    pub(super) fn new(kind: Kind, host: &str, token: &str, thumbprint: &str) -> Self {
        let answer = format!("{token}.{thumbprint}");
        Self { kind, host: host.to_owned(), token: token.to_owned(), answer }
    }

    /// Whether `gateway`, in place of what the host's name says, gives the right answer.
    pub(super) async fn ask(&self, gateway: SocketAddr) -> io::Result<bool> {
        let asked = async {
            let stream = TcpStream::connect(gateway).await?;
            match self.kind {
                Kind::Http01 => self.fetch(stream).await,
                Kind::TlsAlpn01 => self.shake_hands(stream).await,
            }
        };
        tokio::time::timeout(DEADLINE, asked).await?
    }

    async fn fetch(&self, mut stream: TcpStream) -> io::Result<bool> {
        let Self { host, token, .. } = self;
        let request = format!(
            "GET /.well-known/acme-challenge/{token} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        if head.split(' ').nth(1) != Some("200") {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(body.trim_end() == self.answer)
    }

    async fn shake_hands(&self, stream: TcpStream) -> io::Result<bool> {
        let host = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
        let mut stream = tls_connector(&[PROTOCOL]).connect(host, stream).await?;
        let session = stream.get_ref().1;
        let is_spoken = session.alpn_protocol() == Some(PROTOCOL.as_bytes());
        let shown = session.peer_certificates().and_then(<[_]>::first);
        let is_right = is_spoken && shown.is_some_and(|certificate| self.is_answer(certificate));
        // Nothing else is said there.
        let mut rest = Vec::new();
        Ok(is_right && stream.read_to_end(&mut rest).await.is_ok_and(|read| read == 0))
    }

    /// RFC 8737 §3: the host and nothing else, and the digest in a critical extension.
    fn is_answer(&self, certificate: &CertificateDer<'_>) -> bool {
        const OCTET_STRING_OF_32: [u8; 2] = [4, 32];
        let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
        let names = certificate.subject_alternative_name().ok().flatten();
        let is_host = names
            .is_some_and(|names| names.value.general_names == [GeneralName::DNSName(&self.host)]);
        let wanted =
            [&OCTET_STRING_OF_32, digest(&SHA256, self.answer.as_bytes()).as_ref()].concat();
        let identifier = Oid::from(&[1, 3, 6, 1, 5, 5, 7, 1, 31]).ok();
        let extension = identifier.and_then(|oid| certificate.get_extension_unique(&oid).ok()?);
        is_host && extension.is_some_and(|found| found.critical && found.value == wanted)
    }
}
