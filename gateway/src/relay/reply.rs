//! The head of an answer that is passed on whole. Pure.

use crate::fields::{Fields as _, Lines, status_line};
use pingora::http::StatusCode;
use service_kit::X_RELEASE;

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
    /// What the client gets, but for `connection` and the empty line.
    pub(super) lines: Vec<u8>,
    pub(super) status: u16,
    /// The release that the service says it has.
    pub(super) release: Option<String>,
    /// Where it ends.
    pub(super) end: usize,
    /// The body's.
    pub(super) length: usize,
    /// Whether the service lets the connection live.
    pub(super) is_kept_alive: bool,
}

impl Head {
    /// Reads the head at the beginning of `bytes`; nothing if it is not there as a whole. `complete`
    /// says what the client is told beside.
    pub(super) fn read(
        bytes: &[u8],
        complete: impl FnOnce(&mut Lines<'_>) -> pingora::Result<()>,
    ) -> Result<Option<Self>, Odd> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let end = match response.parse(bytes).map_err(|_| Odd)? {
            httparse::Status::Complete(end) => end,
            httparse::Status::Partial if bytes.len() > MAX_HEAD_BYTES => return Err(Odd),
            httparse::Status::Partial => return Ok(None),
        };
        let status = response.code.filter(|status| *status >= 200).ok_or(Odd)?;
        let (length, is_closed) = framing(response.headers, status)?;
        let is_kept_alive = response.version == Some(1) && !is_closed;
        let mut lines = Lines::of(response.headers, &NOT_PASSED);
        let release = lines.text(X_RELEASE).map(str::to_owned);
        complete(&mut lines).map_err(|_| Odd)?;
        let status = StatusCode::from_u16(status).map_err(|_| Odd)?;
        let mut head = status_line(status, status.canonical_reason(), end + 512);
        lines.write(&mut head);
        let status = status.as_u16();
        Ok(Some(Self { lines: head, status, release, end, length, is_kept_alive }))
    }
}

/// How long the body is, and whether the connection ends with it. Odd if it is too long, or its length
/// is not known before (RFC 9112 §6.3).
fn framing(headers: &[httparse::Header<'_>], status: u16) -> Result<(usize, bool), Odd> {
    let (mut length, mut is_closed) = (None, false);
    for line in headers {
        let is = |name: &str| line.name.eq_ignore_ascii_case(name);
        if is("transfer-encoding") {
            return Err(Odd);
        }
        if is("content-length") {
            // Digits alone: Rust would take a sign too.
            let text = std::str::from_utf8(line.value).map_err(|_| Odd)?;
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            let bytes = text.parse::<usize>().ok().filter(|_| is_number).ok_or(Odd)?;
            if length.replace(bytes).is_some() {
                return Err(Odd);
            }
        }
        is_closed |= is("connection") && line.value.eq_ignore_ascii_case(b"close");
    }
    let has_none = matches!(status, 204 | 304);
    match length {
        Some(length) if length <= MAX_BODY_BYTES && (length == 0 || !has_none) => {
            Ok((length, is_closed))
        }
        None if has_none => Ok((0, is_closed)),
        _ => Err(Odd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n{}";

    #[test]
    fn a_short_whole_answer_is_read_and_any_other_is_odd() {
        let head = Head::read(WHOLE.as_bytes(), |_| Ok(())).unwrap().unwrap();
        assert_eq!((head.end, head.length, head.is_kept_alive), (WHOLE.len() - 2, 2, true));
        let read = |text: &str| {
            Head::read(text.as_bytes(), |_| Ok(())).map(|head| head.unwrap().is_kept_alive)
        };

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
            "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n",
            "HTTP/1.1 304 X\r\nContent-Length: 2\r\n\r\n",
            "SSH-2.0-x\r\n\r\n",
        ] {
            assert_eq!(read(odd), Err(Odd), "{odd}");
        }
        let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(MAX_HEAD_BYTES));
        assert!(Head::read(endless.as_bytes(), |_| Ok(())).is_err());
    }

    proptest! {
        #[test]
        fn it_is_read_when_it_is_there_and_not_before(cut in 0..WHOLE.len()) {
            let head = Head::read(&WHOLE.as_bytes()[..cut], |_| Ok(())).unwrap();
            prop_assert_eq!(head.is_some(), cut >= WHOLE.len() - 2);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Head::read(&bytes, |_| Ok(()));
            let _ = Head::read(&[WHOLE.as_bytes(), &bytes].concat(), |_| Ok(()));
        }
    }
}
