//! What a request may be, and what of it is passed on.

use crate::cache::Codings;
use crate::fields::Fields;
use crate::refusal::Refusal;
use pingora::Result;
use pingora::http::RequestHeader;
use service_kit::{REQUEST_ID, RequestId};
use std::net::IpAddr;

/// Names and values together. Browsers send one to four thousand bytes.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// What a client says of itself here is not passed on.
const CLAIMS: [&str; 7] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-real-ip",
    "x-request-id",
];

/// Refuses what no service should see. Of HTTP/1, `head::check` has looked at the bytes before.
pub(crate) fn check(request: &RequestHeader) -> std::result::Result<(), Refusal> {
    if matches!(request.method.as_str(), "CONNECT" | "TRACE" | "TRACK") {
        return Err(Refusal::MethodNotAllowed);
    }
    let fields = request.headers.iter().map(|(name, value)| (name.as_str(), value.len()));
    check_fields(request.raw_path().len(), fields)?;
    if let (Some(host), Some(authority)) = (request.text("host"), request.uri.authority())
        && !host.eq_ignore_ascii_case(authority.as_str())
    {
        // HTTP/2 has room for two (RFC 9113 §8.3.1).
        return Err(Refusal::BadRequest("the request names two hosts"));
    }
    let has_host = request.headers.contains_key("host") || request.uri.authority().is_some();
    if !has_host && request.version >= pingora::http::Version::HTTP_11 {
        return Err(Refusal::BadRequest("the request names no host"));
    }
    Ok(())
}

/// Refuses names that mean two things, and more than anybody needs. `fields` are names with the lengths
/// of their values.
pub(crate) fn check_fields<'a>(
    path: usize,
    fields: impl Iterator<Item = (&'a str, usize)>,
) -> std::result::Result<(), Refusal> {
    let (mut bytes, mut is_odd) = (path, false);
    for (name, value) in fields {
        bytes += name.len() + value;
        is_odd |= name.contains('_');
    }
    if bytes > MAX_HEADER_BYTES {
        return Err(Refusal::HeaderTooLarge);
    }
    if is_odd {
        // Some servers read `_` as `-`, and so a header that was replaced here as another one.
        return Err(Refusal::BadRequest("a header's name has a `_`"));
    }
    Ok(())
}

/// Who asks, as services are told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) client: IpAddr,
    pub(crate) is_encrypted: bool,
    pub(crate) host: Option<&'a str>,
    /// What the service may encode its answer with; nothing leaves what the client says.
    pub(crate) codings: Option<Codings>,
    pub(crate) id: &'a RequestId,
}

impl Asker<'_> {
    /// Says so in `request`, instead of what the client claims of itself.
    pub(crate) fn tell(&self, request: &mut impl Fields) -> Result<()> {
        for name in CLAIMS {
            request.remove(name);
        }
        if !request.text("traceparent").is_some_and(is_traceparent) {
            request.remove("traceparent");
            request.remove("tracestate");
        }
        match self.codings.map(Codings::header) {
            // The answer depends on what it is kept under, and on nothing else.
            Some(codings) if !codings.is_empty() => {
                request.put("accept-encoding", &codings)?;
            }
            Some(_) => request.remove("accept-encoding"),
            None => {}
        }
        request.put("x-forwarded-for", &self.client.to_string())?;
        let scheme = if self.is_encrypted { "https" } else { "http" };
        request.put("x-forwarded-proto", scheme)?;
        if let Some(host) = self.host {
            request.put("x-forwarded-host", host)?;
        }
        request.put(REQUEST_ID, self.id.as_str())
    }
}

/// Whether this is a W3C Trace Context `traceparent` of version 00.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex =
        |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [2, 32, 16, 2] && parts[0] == "00" && parts.iter().all(|part| is_hex(part))
}

/// Whether whoever asks is a person with a browser who asks for a page.
pub(crate) fn wants_html(request: &RequestHeader) -> bool {
    let is_api = request.uri.path() == "/api" || request.uri.path().starts_with("/api/");
    !is_api && request.text("accept").is_some_and(|accept| accept.contains("text/html"))
}

/// The host that is asked: a header of HTTP/1, a part of the address of HTTP/2.
pub(crate) fn host(request: &RequestHeader) -> Option<&str> {
    request.text("host").or_else(|| Some(request.uri.authority()?.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_passed_on_if_it_is_one() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(is_traceparent(good));
        for bad in ["", "00-x-y-01", &good.to_uppercase(), &good[1..], "00-----01"] {
            assert!(!is_traceparent(bad), "{bad}");
        }
    }
}
