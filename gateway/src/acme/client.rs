//! Asking an authority over HTTPS: one connection for each of the dozen questions that a certificate
//! takes every two months, and no pool to keep.

use super::AcmeError;
use crate::tls::{CertificateError, read_chain};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{Authority, PathAndQuery, Uri};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// For one question.
const DEADLINE: Duration = Duration::from_secs(30);
/// An answer is a few thousand bytes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// A client that believes the right servers.
#[derive(Clone)]
pub(super) struct Http(TlsConnector);

impl Http {
    /// Believes those whose certificates lead to one in the PEM file `roots`, or to one that
    /// browsers believe.
    pub(super) fn new(roots: Option<&Path>) -> Result<Self, AcmeError> {
        let mut store = RootCertStore::empty();
        match roots {
            Some(path) => {
                for root in read_chain(path).map_err(AcmeError::Roots)? {
                    store.add(root).map_err(|source| {
                        let path = path.to_owned();
                        AcmeError::Roots(CertificateError::Unusable { path, source })
                    })?;
                }
            }
            None => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let tls = self.0.clone();
        Box::pin(async move {
            let asked = tokio::time::timeout(DEADLINE, ask(&tls, request));
            let answer = asked.await.map_err(|elapsed| Error::Other(elapsed.into()))?;
            let (parts, body) = answer.map_err(Error::Other)?.into_parts();
            Ok(BytesResponse { parts, body: Box::new(body) })
        })
    }
}

async fn ask(
    tls: &TlsConnector,
    mut request: Request<BodyWrapper<Bytes>>,
) -> Result<Response<Bytes>, AnyError> {
    let uri = request.uri().clone();
    let authority = uri.authority().ok_or("the address has no host")?;
    if uri.scheme_str() != Some("https") {
        return Err("the address is not one of https".into());
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let tcp = TcpStream::connect((host, authority.port_u16().unwrap_or(443))).await?;
    let stream = tls.connect(ServerName::try_from(host.to_owned())?, tcp).await?;
    *request.uri_mut() = path_of(&uri);
    request.headers_mut().insert(HOST, host_header(authority)?);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the sender.
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await?.to_bytes();
    Ok(Response::from_parts(parts, body))
}

fn path_of(uri: &Uri) -> Uri {
    let path = uri.path_and_query().cloned();
    Uri::from(path.unwrap_or(PathAndQuery::from_static("/")))
}

fn host_header(authority: &Authority) -> Result<HeaderValue, AnyError> {
    Ok(HeaderValue::from_str(authority.as_str())?)
}
