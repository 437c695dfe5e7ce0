//! A request's head as bytes: where it ends, and whether it is one.

mod check;
mod form;

pub(crate) use self::check::check;
pub(crate) use self::form::{absolute, in_origin_form};

/// The head of one request, with its final empty line, as services see it: with the path as its
/// address; nothing if the gateway refuses it.
///
/// ```
/// let head = b"GET http://a.example/b HTTP/1.1\r\nHost: c\r\n\r\n";
/// assert_eq!(gateway::accepted(head).unwrap(), b"GET /b HTTP/1.1\r\nHost: a.example\r\n\r\n");
/// assert_eq!(gateway::accepted(b"GET / HTTP/1.1\r\n\r\n"), None);
/// ```
#[must_use]
pub fn accepted(head: &[u8]) -> Option<Vec<u8>> {
    check(head).ok()?;
    Some(in_origin_form(head).unwrap_or_else(|| head.to_vec()))
}

/// The request line and all headers together. Browsers send one to four thousand bytes.
pub(crate) const MAX_HEAD_BYTES: usize = 32 * 1024;

/// How many of `bytes` are empty lines before a request (RFC 9112 §2.2 says to ignore them).
pub(crate) fn leading_lines(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// Where the head in `bytes` ends: behind its first empty line. Before `seen` there is none.
pub(crate) fn end(bytes: &[u8], seen: usize) -> Option<usize> {
    let from = seen.saturating_sub(3);
    let lines = memchr::memchr_iter(b'\n', &bytes[from..]).map(|at| from + at + 1);
    lines.into_iter().find_map(|next| match bytes[next..] {
        [b'\n', ..] => Some(next + 1),
        [b'\r', b'\n', ..] => Some(next + 2),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_head_ends_behind_its_first_empty_line() {
        for (bytes, expected) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\nbody\r\n\r\n", Some(27)),
            ("GET / HTTP/1.1\n\nbody", Some(16)),
            ("GET / HTTP/1.1\n\r\n", Some(17)),
            ("GET / HTTP/1.1\r\nHost: x\r\n", None),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r", None),
            ("", None),
        ] {
            assert_eq!(end(bytes.as_bytes(), 0), expected, "{bytes:?}");
        }
        assert_eq!(leading_lines(b"\r\n\nGET"), 3);
    }

    proptest! {
        #[test]
        fn it_is_found_however_the_bytes_arrive(text in "[a\r\n]{0,40}", cut in 0..40_usize) {
            let bytes = text.as_bytes();
            let whole = end(bytes, 0);
            let cut = cut.min(bytes.len());

            let in_two = end(&bytes[..cut], 0).or_else(|| end(bytes, cut));

            prop_assert_eq!(in_two, whole);
        }
    }
}
