//! The head of an answer that is passed on whole. Pure.

use crate::cache::header_lines;
use crate::security;
use pingora::Result;
use pingora::http::ResponseHeader;
use pingora::protocols::http::date::get_cached_date;
use service_kit::{REQUEST_ID, RequestId};

/// Larger answers are passed on piece by piece, which is pingora's work.
pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024;
/// The status line and all headers together.
const MAX_HEAD_BYTES: usize = 32 * 1024;
const MAX_HEADERS: usize = 64;

/// What belongs to the connection between gateway and service, or is said anew.
const NOT_PASSED: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "server",
    "te",
    "trailer",
    "upgrade",
    "x-request-id",
];

/// The answer is of another kind, or malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Odd;

/// The head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) header: ResponseHeader,
    /// Where it ends.
    pub(super) end: usize,
    /// The body's.
    pub(super) length: usize,
    /// Whether the service lets the connection live.
    pub(super) is_kept_alive: bool,
}

impl Head {
    /// Reads the head at the beginning of `bytes`; nothing if it is not there as a whole.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, Odd> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let end = match response.parse(bytes).map_err(|_| Odd)? {
            httparse::Status::Complete(end) => end,
            httparse::Status::Partial if bytes.len() > MAX_HEAD_BYTES => return Err(Odd),
            httparse::Status::Partial => return Ok(None),
        };
        let status = response.code.filter(|status| *status >= 200).ok_or(Odd)?;
        let mut length = None;
        let mut is_kept_alive = response.version == Some(1);
        let mut header = ResponseHeader::build(status, Some(MAX_HEADERS / 2)).map_err(|_| Odd)?;
        for line in response.headers.iter() {
            let is = |name: &str| line.name.eq_ignore_ascii_case(name);
            if is("transfer-encoding") {
                return Err(Odd);
            }
            if is("content-length") {
                let text = std::str::from_utf8(line.value).map_err(|_| Odd)?;
                let bytes = text.parse().map_err(|_| Odd)?;
                if length.replace(bytes).is_some() {
                    return Err(Odd);
                }
            }
            if is("connection") && line.value.eq_ignore_ascii_case(b"close") {
                is_kept_alive = false;
            }
            if !NOT_PASSED.iter().any(|name| is(name)) {
                header.append_header(line.name.to_owned(), line.value).map_err(|_| Odd)?;
            }
        }
        let length = match length {
            Some(length) if length <= MAX_BODY_BYTES => length,
            None if matches!(status, 204 | 304) => 0,
            _ => return Err(Odd),
        };
        if matches!(status, 204 | 304) && length > 0 {
            return Err(Odd);
        }
        Ok(Some(Self { header, end, length, is_kept_alive }))
    }

    /// The lines that the client gets, as the phases would send them, but for `connection` and the
    /// empty line.
    pub(super) fn lines(
        mut self,
        id: &RequestId,
        promise: Option<&str>,
        policy: &str,
    ) -> Result<Vec<u8>> {
        self.header.insert_header(REQUEST_ID, id.as_str())?;
        self.header.insert_header("x-cache", "BYPASS")?;
        self.header.insert_header("date", get_cached_date())?;
        security::complete(&mut self.header, policy)?;
        if let Some(promise) = promise {
            self.header.insert_header(security::PROMISE, promise)?;
        }
        Ok(header_lines(&self.header))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n{}";

    #[test]
    fn a_short_whole_answer_is_read_and_any_other_is_odd() {
        let head = Head::read(WHOLE.as_bytes()).unwrap().unwrap();
        assert_eq!((head.end, head.length, head.is_kept_alive), (WHOLE.len() - 2, 2, true));
        let read = |text: &str| Head::read(text.as_bytes()).map(|head| head.unwrap().is_kept_alive);

        assert_eq!(read("HTTP/1.1 304 X\r\n\r\n"), Ok(true));
        assert_eq!(
            read("HTTP/1.1 500 X\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n"),
            Ok(false)
        );
        assert_eq!(read("HTTP/1.0 200 X\r\nContent-Length: 0\r\n\r\n"), Ok(false));
        for odd in [
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 101 X\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n",
            "HTTP/1.1 304 X\r\nContent-Length: 2\r\n\r\n",
            "SSH-2.0-x\r\n\r\n",
        ] {
            assert_eq!(read(odd), Err(Odd), "{odd}");
        }
        let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(MAX_HEAD_BYTES));
        assert!(Head::read(endless.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn it_is_read_when_it_is_there_and_not_before(cut in 0..WHOLE.len()) {
            let head = Head::read(&WHOLE.as_bytes()[..cut]).unwrap();
            prop_assert_eq!(head.is_some(), cut >= WHOLE.len() - 2);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Head::read(&bytes);
            let _ = Head::read(&[WHOLE.as_bytes(), &bytes].concat());
        }
    }
}
