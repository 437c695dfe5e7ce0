//! What the gateway answers itself.

use crate::limit::Limit;
use crate::request::wants_html;
use crate::security;
use bytes::Bytes;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use pingora::{Error, ErrorSource, ErrorType, Result};
use service_kit::{PROBLEM_JSON, Problem, REQUEST_ID, RequestId};

/// The methods that some address of the site has.
const ALLOW: &str = "GET, HEAD, POST";

/// Why the gateway answers itself. The `Display` text is sent to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    BadRequest(&'static str),
    #[error("there is nothing here")]
    NotFound,
    #[error("this method is not for this site: use GET")]
    MethodNotAllowed,
    #[error("the request did not come in time")]
    TooSlow,
    #[error("the request's body did not come in time")]
    BodyTooSlow,
    #[error("the request's body is too large")]
    BodyTooLarge,
    #[error("the address is too long")]
    AddressTooLong,
    #[error("what the request expects is not offered here")]
    Expectation,
    #[error("this version of HTTP is not spoken here")]
    Version,
    #[error("too many requests came from your address; please try again soon")]
    TooManyRequests,
    #[error("the request's headers are too large: clear the cookies of this site")]
    HeaderTooLarge,
    #[error("this part of the site has no server at the moment; please try again soon")]
    Unavailable,
    #[error("this part of the site did not answer properly; please try again soon")]
    BadGateway,
    #[error("this part of the site took too long to answer; please try again soon")]
    Timeout,
    #[error("something is wrong here, and it is not your fault")]
    Internal,
}

impl Refusal {
    /// The status, its name, and the stable code (`docs/problems.md`).
    fn kind(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::BadRequest(_) => (400, "Bad Request", "bad_request"),
            Self::NotFound => (404, "Not Found", "not_found"),
            Self::MethodNotAllowed => (405, "Method Not Allowed", "method_not_allowed"),
            Self::TooSlow | Self::BodyTooSlow => (408, "Request Timeout", "request_timeout"),
            Self::BodyTooLarge => (413, "Content Too Large", "body_too_large"),
            Self::AddressTooLong => (414, "URI Too Long", "address_too_long"),
            Self::Expectation => (417, "Expectation Failed", "expectation_failed"),
            Self::TooManyRequests => (429, "Too Many Requests", "too_many_requests"),
            Self::Version => (505, "HTTP Version Not Supported", "http_version"),
            Self::HeaderTooLarge => (431, "Request Header Fields Too Large", "header_too_large"),
            Self::Unavailable => (503, "Service Unavailable", "upstream_unavailable"),
            Self::BadGateway => (502, "Bad Gateway", "upstream_failed"),
            Self::Timeout => (504, "Gateway Timeout", "upstream_timeout"),
            Self::Internal => (500, "Internal Server Error", "internal"),
        }
    }

    /// The status.
    pub(crate) fn status(self) -> u16 {
        self.kind().0
    }

    /// The limit that was hit, if it is that.
    pub(crate) fn limit(self) -> Option<Limit> {
        match self {
            Self::TooManyRequests => Some(Limit::ClientRate),
            Self::HeaderTooLarge | Self::AddressTooLong => Some(Limit::HeadSize),
            Self::BodyTooLarge => Some(Limit::BodySize),
            Self::BodyTooSlow => Some(Limit::BodyTime),
            Self::TooSlow => Some(Limit::HeadTime),
            _ => None,
        }
    }

    /// As bytes of HTTP/1.1, for a request that never became one.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let ((status, title, _), body) = (self.kind(), self.problem());
        let length = body.len();
        // RFC 9110 §15.5.6 asks for it.
        let allow = if status == 405 { format!("allow: {ALLOW}\r\n") } else { String::new() };
        format!(
            "HTTP/1.1 {status} {title}\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {length}\r\n\
             {allow}cache-control: no-store\r\nconnection: close\r\n\r\n{body}"
        )
        .into_bytes()
    }

    fn problem(self) -> String {
        let (status, title, code) = self.kind();
        let problem =
            Problem { status, title: title.into(), code: code.into(), detail: self.to_string() };
        serde_json::to_string(&problem).unwrap_or_else(|_| unreachable!("plain data"))
    }

    /// Sends it: a page to a browser, a problem to everybody else.
    pub(crate) async fn send(self, session: &mut Session, id: &RequestId) -> Result<()> {
        let (status, title, _) = self.kind();
        let is_html = wants_html(session.req_header());
        let (kind, body) = if is_html {
            ("text/html; charset=utf-8", page(status, title, &self.to_string(), id))
        } else {
            (PROBLEM_JSON, self.problem())
        };
        let mut header = ResponseHeader::build(status, Some(8))?;
        header.insert_header("content-type", kind)?;
        header.insert_header("content-length", body.len())?;
        header.insert_header("cache-control", "no-store")?;
        security::complete(&mut header, security::OWN_PAGES)?;
        header.insert_header(REQUEST_ID, id.as_str())?;
        if matches!(status, 429 | 502..=504) {
            header.insert_header("retry-after", "2")?;
        }
        if status == 405 {
            header.insert_header("allow", ALLOW)?;
        }
        // What was not read of the request would be taken for the next one.
        session.set_keepalive(None);
        session.write_response_header(Box::new(header), false).await?;
        let is_head = session.req_header().method == "HEAD";
        let body = if is_head { Bytes::new() } else { Bytes::from(body) };
        session.write_response_body(Some(body), true).await
    }
}

impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        match error.etype() {
            ErrorType::ReadTimedout if *error.esource() == ErrorSource::Downstream => {
                Self::BodyTooSlow
            }
            ErrorType::ConnectTimedout | ErrorType::ReadTimedout | ErrorType::WriteTimedout => {
                Self::Timeout
            }
            ErrorType::ConnectNoRoute | ErrorType::ConnectRefused | ErrorType::ConnectError => {
                Self::Unavailable
            }
            ErrorType::HTTPStatus(503) => Self::Unavailable,
            ErrorType::HTTPStatus(413) => Self::BodyTooLarge,
            ErrorType::HTTPStatus(408) => Self::BodyTooSlow,
            ErrorType::HTTPStatus(504) => Self::Timeout,
            _ => match error.esource() {
                ErrorSource::Upstream => Self::BadGateway,
                ErrorSource::Downstream => Self::BadRequest("the request broke off"),
                ErrorSource::Internal | ErrorSource::Unset => Self::Internal,
            },
        }
    }
}

/// A page that needs nothing else, since nothing else may be there.
fn page(status: u16, title: &str, detail: &str, id: &RequestId) -> String {
    let chinese = match status {
        404 => "这里没有内容。",
        400..500 => "这个请求无法处理。",
        _ => "服务暂时不可用，请稍后再试。",
    };
    format!(
        "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{status} {title}</title>\
         <style>body{{font:1rem/1.8 system-ui,sans-serif;max-width:38rem;margin:20vh auto;\
         padding:0 1.5rem}}p{{margin:.5rem 0}}small{{opacity:.6}}</style>\
         <h1>{status}</h1><p>{chinese}</p><p lang=\"en\">{detail}.</p>\
         <p><small>{id}</small></p></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained() {
        for refusal in [
            Refusal::BadRequest(""),
            Refusal::NotFound,
            Refusal::MethodNotAllowed,
            Refusal::TooSlow,
            Refusal::BodyTooSlow,
            Refusal::BodyTooLarge,
            Refusal::AddressTooLong,
            Refusal::Expectation,
            Refusal::Version,
            Refusal::TooManyRequests,
            Refusal::HeaderTooLarge,
            Refusal::Unavailable,
            Refusal::BadGateway,
            Refusal::Timeout,
            Refusal::Internal,
        ] {
            let (status, _, code) = refusal.kind();
            let row = format!("| `{code}` | {status} | ");
            assert!(include_str!("../../docs/problems.md").contains(&row), "{row}");
        }
    }
}
