//! What the phases do so that readers use HTTPS.

use super::{Gateway, RequestState};
use crate::acme::Store;
use crate::refusal::Refusal;
use crate::request::host;
use crate::security;
use crate::tls::Certificates;
use pingora::Result;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use service_kit::REQUEST_ID;
use std::sync::Arc;

/// Certificate authorities ask here without TLS (RFC 8555 §8.3).
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// How readers come to HTTPS, and stay.
#[derive(Debug, Clone)]
pub(crate) struct Https {
    /// Requests without TLS are sent on to this port, if there is a certificate.
    pub(crate) redirect: Option<u16>,
    pub(crate) certificates: Arc<Certificates>,
    /// Answers the authority that certificates come from.
    pub(crate) challenges: Option<Arc<Store>>,
    /// What tells browsers to use nothing else (RFC 6797), if they are told.
    pub(crate) promise: Option<Arc<str>>,
}

/// Whether the request came over TLS.
pub(super) fn is_encrypted(session: &Session) -> bool {
    session.digest().is_some_and(|digest| digest.ssl_digest.is_some())
}

impl Gateway {
    /// Whether the client is to ask again with TLS.
    pub(super) fn is_to_be_redirected(&self, session: &Session, state: &RequestState) -> bool {
        let has = |https: &Https| https.redirect.is_some() && !https.certificates.is_empty();
        let wanted = self.https.as_ref().is_some_and(has);
        let path = session.req_header().uri.path();
        wanted
            && !state.begun.is_refresh()
            && !is_encrypted(session)
            && !path.starts_with(CHALLENGES)
    }

    /// The answer to an authority that asks whether a host is ours, if this is its question.
    pub(super) fn proof(&self, session: &Session) -> Option<String> {
        let challenges = self.https.as_ref()?.challenges.as_ref()?;
        let request = session.req_header();
        let token = request.uri.path().strip_prefix(CHALLENGES)?;
        if request.method == "GET" { challenges.answer(token) } else { None }
    }

    /// Sends `proof`.
    pub(super) async fn prove(
        &self,
        session: &mut Session,
        proof: String,
        state: &RequestState,
    ) -> Result<bool> {
        let mut header = ResponseHeader::build(200, None)?;
        header.insert_header("content-type", "application/octet-stream")?;
        header.insert_header("content-length", proof.len())?;
        header.insert_header("cache-control", "no-store")?;
        header.insert_header(REQUEST_ID, state.id.as_str())?;
        security::complete(&mut header, "")?;
        session.write_response_header(Box::new(header), false).await?;
        session.write_response_body(Some(proof.into()), true).await?;
        Ok(true)
    }

    /// Sends the client to the same address with TLS. The status keeps the method.
    pub(super) async fn redirect(
        &self,
        session: &mut Session,
        state: &RequestState,
    ) -> Result<bool> {
        let port = self.https.as_ref().and_then(|https| https.redirect).unwrap_or(443);
        let request = session.req_header();
        let Some(host) = host(request) else {
            Refusal::BadRequest("the request names no host").send(session, &state.id).await?;
            return Ok(true);
        };
        let name = without_port(host);
        let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
        let location = match port {
            443 => format!("https://{name}{target}"),
            port => format!("https://{name}:{port}{target}"),
        };
        let mut header = ResponseHeader::build(308, None)?;
        header.insert_header("location", location)?;
        header.insert_header("content-length", 0)?;
        header.insert_header(REQUEST_ID, state.id.as_str())?;
        security::complete(&mut header, "")?;
        // A body that follows is not read.
        if request.method != "GET" && request.method != "HEAD" {
            session.set_keepalive(None);
        }
        session.write_response_header(Box::new(header), true).await?;
        Ok(true)
    }

    /// What tells browsers to use HTTPS alone, if they use it already.
    pub(super) fn promise(&self, session: &Session) -> Option<Arc<str>> {
        self.https.as_ref()?.promise.clone().filter(|_| is_encrypted(session))
    }
}

/// The host of `host`, which may have a port.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_cut_off_and_an_address_is_not() {
        for (host, expected) in [
            ("a", "a"),
            ("a:80", "a"),
            ("[::1]", "[::1]"),
            ("[::1]:80", "[::1]"),
            ("1.2.3.4:8", "1.2.3.4"),
        ] {
            assert_eq!(without_port(host), expected);
        }
    }
}
