//! What makes a request plain. Pure.

use crate::cache::{Codings, target};
use crate::request;
use pingora::http::RequestHeader;

/// What of a plain request matters.
#[derive(Debug)]
pub(super) struct Plain<'a> {
    pub(super) target: &'a str,
    pub(super) host: &'a str,
    pub(super) codings: Codings,
    /// Whether the client wants the connection to end with the answer.
    pub(super) is_last: bool,
}

impl<'a> Plain<'a> {
    /// Reads a request of HTTP/1.1 whose head has passed `head::check`; nothing if it is not plain.
    pub(super) fn read(request: &'a httparse::Request<'a, 'a>) -> Option<Self> {
        if request.method != Some("GET") || request.version != Some(1) {
            return None;
        }
        let headers = request.headers.iter().map(|header| (header.name, header.value));
        Self::gather(request.path?, None, headers)
    }

    /// Reads a request of HTTP/2; nothing if it is not plain.
    pub(super) fn read_http2(request: &'a RequestHeader) -> Option<Self> {
        if request.method != "GET" {
            return None;
        }
        request::check(request).ok()?;
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
        Self::gather(target(request), request::host(request), headers)
    }

    fn gather(
        target: &'a str,
        mut host: Option<&'a str>,
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    ) -> Option<Self> {
        let (mut codings, mut is_last) = (None, false);
        for (name, value) in headers {
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            let value = || std::str::from_utf8(value).ok();
            // By the first letter, since most headers are none of these.
            match name.as_bytes().first()?.to_ascii_lowercase() {
                b'h' if is("host") => host = Some(value()?),
                b'a' if is("accept-encoding") => {
                    let read = Codings::read(value()?);
                    if codings.replace(read).is_some() {
                        return None;
                    }
                }
                b'c' if is("connection") => {
                    let wish = value()?.trim();
                    is_last |= wish.eq_ignore_ascii_case("close");
                    if !is_last && !wish.eq_ignore_ascii_case("keep-alive") {
                        return None;
                    }
                }
                b'a' if is("authorization") => return None,
                b'c' if is("content-length") => return None,
                b'e' if is("expect") => return None,
                b'i' if name.len() > 3 && name[..3].eq_ignore_ascii_case("if-") => return None,
                b'r' if is("range") => return None,
                b't' if is("transfer-encoding") => return None,
                b'u' if is("upgrade") => return None,
                _ => {}
            }
        }
        let codings = codings.unwrap_or_else(|| Codings::read(""));
        Some(Self { target, host: host?, codings, is_last })
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_HEADERS;
    use super::*;

    fn read(head: &str) -> Option<(String, String, bool)> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        assert!(request.parse(head.as_bytes()).unwrap().is_complete());
        let plain = Plain::read(&request)?;
        Some((plain.target.to_owned(), plain.codings.header(), plain.is_last))
    }

    #[test]
    fn a_plain_request_is_read_and_any_other_is_not() {
        let plain = "GET /a?b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nCookie: c\r\n";
        let read = |more: &str| read(&format!("{plain}{more}\r\n"));
        let whole = |codings: &str, is_last| Some(("/a?b".into(), codings.into(), is_last));

        assert_eq!(read(""), whole("", false));
        assert_eq!(read("ACCEPT-encoding: gzip, br\r\n"), whole("br, gzip", false));
        assert_eq!(read("Connection: Keep-Alive\r\n"), whole("", false));
        assert_eq!(read("connection: close\r\n"), whole("", true));
        for more in [
            "Authorization: x",
            "Connection: upgrade",
            "Content-Length: 0",
            "Expect: 100-continue",
            "If-None-Match: \"a\"",
            "if-range: \"a\"",
            "Range: bytes=0-1",
            "Transfer-Encoding: chunked",
            "Upgrade: h2c",
            "Accept-Encoding: br\r\nAccept-Encoding: gzip",
        ] {
            assert_eq!(read(&format!("{more}\r\n")), None, "{more}");
        }
        assert_eq!(super::tests::read("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"), None);
        assert_eq!(super::tests::read("GET / HTTP/1.0\r\nHost: x\r\n\r\n"), None);
    }
}
