//! What a request's head may be, byte for byte. Pure.
//!
//! A server behind a proxy can be fooled if the two disagree on where a request ends or whom it is
//! for ("request smuggling"). So whatever RFC 9112 lets servers read in more than one way is
//! refused here, before anything else looks at it.

use super::absolute;
use crate::refusal::Refusal;

/// Headers of one request. Browsers send about twenty.
const MAX_HEADERS: usize = 100;
/// The address of one request (RFC 9110 §4.1 asks for at least 8000).
const MAX_TARGET_BYTES: usize = 8 * 1024;
/// The digits of a length that fits into 64 bits.
const MAX_LENGTH_DIGITS: usize = 19;

/// What of the head must be known before the body can be read.
#[derive(Debug, Default)]
struct Framing<'a> {
    hosts: usize,
    length: Option<&'a [u8]>,
    is_chunked: bool,
}

/// Refuses a head (with its final empty line) that is not exactly one request.
pub(crate) fn check(head: &[u8]) -> Result<(), Refusal> {
    let mut lines = Lines(head);
    let request_line = lines.next().ok_or(BARE)??;
    let (method, target, is_11) = request_line_parts(request_line)?;
    let mut framing = Framing::default();
    let mut count = 0;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        count += 1;
        if count > MAX_HEADERS {
            return Err(Refusal::HeaderTooLarge);
        }
        let (name, value) = header(line)?;
        framing.note(name, value, is_11)?;
    }
    framing.check(method, target, is_11)
}

const BARE: Refusal = Refusal::BadRequest("a line does not end with CR and LF");

/// Lines that end with CR LF, without their ends.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = Result<&'a [u8], Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let Some(end) = memchr::memchr2(b'\r', b'\n', self.0) else { return Some(Err(BARE)) };
        let (line, rest) = self.0.split_at(end);
        let Some(rest) = rest.strip_prefix(b"\r\n") else { return Some(Err(BARE)) };
        self.0 = rest;
        Some(Ok(line))
    }
}

/// The method, the address, and whether the version is 1.1.
fn request_line_parts(line: &[u8]) -> Result<(&[u8], &[u8], bool), Refusal> {
    const MALFORMED: Refusal = Refusal::BadRequest("the request line is malformed");
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(MALFORMED);
    };
    if !is_token(method) || target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
        return Err(MALFORMED);
    }
    if target.len() > MAX_TARGET_BYTES {
        return Err(Refusal::AddressTooLong);
    }
    let is_11 = match version {
        b"HTTP/1.1" => true,
        b"HTTP/1.0" => false,
        _ if version.starts_with(b"HTTP/") => return Err(Refusal::Version),
        _ => return Err(MALFORMED),
    };
    Ok((method, target, is_11))
}

/// The name and the value of a header's line.
fn header(line: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let refused = |why| Err(Refusal::BadRequest(why));
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return refused("a header goes on in a second line");
    }
    let Some(colon) = memchr::memchr(b':', line) else {
        return refused("a header has no colon");
    };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if !is_token(name) {
        return refused("a header's name has a character that no name has");
    }
    if name.contains(&b'_') {
        // Some servers read `_` as `-`, and so a header that was replaced here as another one.
        return refused("a header's name has a `_`");
    }
    if value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return refused("a header has a control character");
    }
    Ok((name, value.trim_ascii()))
}

impl<'a> Framing<'a> {
    fn note(&mut self, name: &[u8], value: &'a [u8], is_11: bool) -> Result<(), Refusal> {
        let refused = |why| Err(Refusal::BadRequest(why));
        if name.eq_ignore_ascii_case(b"host") {
            self.hosts += 1;
            if !is_host(value) {
                return refused("`Host` is no host");
            }
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let is_number = !value.is_empty()
                && value.len() <= MAX_LENGTH_DIGITS
                && value.iter().all(u8::is_ascii_digit);
            if self.length.is_some() || !is_number {
                return refused("`Content-Length` is not one number");
            }
            self.length = Some(value);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.is_chunked || !is_11 || !value.eq_ignore_ascii_case(b"chunked") {
                return refused("`Transfer-Encoding` is not `chunked`");
            }
            self.is_chunked = true;
        } else if name.eq_ignore_ascii_case(b"expect")
            && !value.eq_ignore_ascii_case(b"100-continue")
        {
            return Err(Refusal::Expectation);
        }
        Ok(())
    }

    fn check(&self, method: &[u8], target: &[u8], is_11: bool) -> Result<(), Refusal> {
        let refused = |why| Err(Refusal::BadRequest(why));
        if self.hosts > 1 || (is_11 && self.hosts == 0) {
            return refused("the request does not name one host");
        }
        if self.is_chunked && self.length.is_some() {
            return refused("the request has two lengths");
        }
        if matches!(method, b"CONNECT" | b"TRACE" | b"TRACK") {
            return Err(Refusal::MethodNotAllowed);
        }
        let is_path = target.starts_with(b"/") || (method == b"OPTIONS" && target == b"*");
        // What it names counts, and not `Host` (RFC 9112 §3.2.2).
        let is_absolute = || absolute(target).is_some_and(|(host, _)| is_host(host));
        if !is_path && !is_absolute() {
            return refused("the address is no path");
        }
        let has_body = self.is_chunked || self.length.is_some_and(|n| n.iter().any(|b| *b != b'0'));
        if has_body && matches!(method, b"GET" | b"HEAD") {
            return refused("a request of this method has no body");
        }
        Ok(())
    }
}

/// RFC 9110 §5.6.2.
fn is_token(bytes: &[u8]) -> bool {
    let is_char = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    !bytes.is_empty() && bytes.iter().all(is_char)
}

/// A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port.
fn is_host(value: &[u8]) -> bool {
    let (host, port) = match value.strip_prefix(b"[") {
        Some(rest) => {
            let Some(end) = memchr::memchr(b']', rest) else { return false };
            let text = std::str::from_utf8(&rest[..end]).unwrap_or_default();
            if text.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (&b"v6"[..], &rest[end + 1..])
        }
        None => value.split_at(memchr::memchr(b':', value).unwrap_or(value.len())),
    };
    let is_char = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let is_name = !host.is_empty() && host.len() <= 255 && host.iter().all(is_char);
    let is_port = match port {
        [] => true,
        [b':', digits @ ..] => {
            (1..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    is_name && is_port
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for good in ["x", "blog.example.com", "127.0.0.1:8080", "[::1]", "[2001:db8::1]:443", "a_b"]
        {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "", ":80", "a b", "a/b", "a@b", "a,b", "[::1", "[x]", "[::1]x", "a:", "a:b", "a:123456",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn an_ordinary_request_passes() {
        for head in [
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "HEAD /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost:x\r\nContent-Length:  12 \r\nX:\ta\tb\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET http://x/a HTTP/1.1\r\nHost: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nX: \u{e9}\r\n\r\n",
        ] {
            assert_eq!(check(head.as_bytes()), Ok(()), "{head:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = check(&bytes);
        }

        #[test]
        fn a_head_that_passes_means_one_thing_to_a_second_parser(
            lines in prop::collection::vec(
                "(Host: x|Content-Length: ?[0-9+,]{1,2}|Transfer-Encoding: [a-z, ]{0,8}|[A-Za-z :_\t]{0,9})",
                0..4,
            ),
        ) {
            let head = format!("POST / HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n"));
            if check(head.as_bytes()).is_ok() {
                let mut headers = [httparse::EMPTY_HEADER; 8];
                let mut request = httparse::Request::new(&mut headers);
                let parsed = request.parse(head.as_bytes()).unwrap();
                prop_assert!(parsed.is_complete());
                let count = |name: &str| {
                    request.headers.iter().filter(|h| h.name.eq_ignore_ascii_case(name)).count()
                };
                prop_assert_eq!(count("host"), 1);
                prop_assert!(count("content-length") + count("transfer-encoding") <= 1);
            }
        }
    }
}
