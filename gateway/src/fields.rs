//! Header fields, wherever they are kept: what is decided about them is decided once.

use pingora::Result;
use pingora::http::{RequestHeader, ResponseHeader, StatusCode};
use std::borrow::Cow;

/// What deciding about header fields takes. Names are compared as RFC 9110 §5.1 has it.
pub(crate) trait Fields {
    /// The value of the first field that is called so.
    fn get(&self, name: &str) -> Option<&[u8]>;

    /// Gives one field this value, and removes all others that are called so.
    fn put(&mut self, name: &'static str, value: &str) -> Result<()>;

    /// Removes all that are called so.
    fn remove(&mut self, name: &str);

    /// The same as text, if it is visible ASCII.
    fn text(&self, name: &str) -> Option<&str> {
        let text = std::str::from_utf8(self.get(name)?).ok()?;
        text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')).then_some(text)
    }
}

/// Pingora's headers have the same map inside, and no trait in common.
macro_rules! kept_in_a_map {
    ($($header:ty),+) => {$(
        impl Fields for $header {
            fn get(&self, name: &str) -> Option<&[u8]> {
                Some(self.headers.get(name)?.as_bytes())
            }

            fn put(&mut self, name: &'static str, value: &str) -> Result<()> {
                self.insert_header(name, value)
            }

            fn remove(&mut self, name: &str) {
                self.remove_header(name);
            }
        }
    )+};
}

kept_in_a_map!(RequestHeader, ResponseHeader);

/// Writes one field as HTTP/1.1 has it.
pub(crate) fn write_line(name: &str, value: &[u8], head: &mut Vec<u8>) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
}

/// The line that an answer of HTTP/1.1 begins with, in a vector with `room` for more.
pub(crate) fn status_line(status: StatusCode, reason: Option<&str>, room: usize) -> Vec<u8> {
    let mut head = Vec::with_capacity(room);
    let reason = reason.unwrap_or_default();
    for part in ["HTTP/1.1 ", status.as_str(), " ", reason, "\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
    head
}

/// Fields as they stand in a head, in their order, for as long as it takes to pass them on. There are
/// few, so that looking through them is faster than a map.
#[derive(Debug, Default)]
pub(crate) struct Lines<'a>(Vec<(&'a str, Cow<'a, [u8]>)>);

impl<'a> Lines<'a> {
    /// Those of `headers` whose names are not among `left_out`, with room for some more.
    pub(crate) fn of(headers: &[httparse::Header<'a>], left_out: &[&str]) -> Self {
        let mut lines = Vec::with_capacity(headers.len() + 12);
        let is_passed = |name: &str| !left_out.iter().any(|other| name.eq_ignore_ascii_case(other));
        let passed = headers.iter().filter(|header| is_passed(header.name));
        lines.extend(passed.map(|header| (header.name, Cow::Borrowed(header.value))));
        Self(lines)
    }

    /// Writes each with the end of its line.
    pub(crate) fn write(&self, head: &mut Vec<u8>) {
        for (name, value) in &self.0 {
            write_line(name, value, head);
        }
    }
}

impl Fields for Lines<'_> {
    fn get(&self, name: &str) -> Option<&[u8]> {
        let mut lines = self.0.iter();
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    fn put(&mut self, name: &'static str, value: &str) -> Result<()> {
        self.remove(name);
        self.0.push((name, Cow::Owned(value.as_bytes().to_vec())));
        Ok(())
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(lines: &Lines<'_>) -> String {
        let mut head = Vec::new();
        lines.write(&mut head);
        String::from_utf8(head).unwrap()
    }

    #[test]
    fn lines_are_read_changed_and_written_whatever_the_case_of_their_names() {
        let header = |name, value: &'static str| httparse::Header { name, value: value.as_bytes() };
        let headers =
            [header("Accept", "a"), header("TE", "b"), header("X-A", "c"), header("x-a", "d")];
        let mut lines = Lines::of(&headers, &["te"]);

        assert_eq!(written(&lines), "Accept: a\r\nX-A: c\r\nx-a: d\r\n");
        assert_eq!((lines.text("x-A"), lines.text("te")), (Some("c"), None));
        lines.put("x-a", "e").unwrap();
        lines.put("x-b", "f").unwrap();
        lines.remove("ACCEPT");
        assert_eq!(written(&lines), "x-a: e\r\nx-b: f\r\n");
    }
}
