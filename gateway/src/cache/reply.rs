//! What a client gets of a kept answer: all of it, a part, or "you have it".

use super::entry::Entry;
use bytes::Bytes;
use pingora::Result;
use pingora::http::{RequestHeader, ResponseHeader};

/// What of a request decides that.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) is_head: bool,
    pub(crate) if_none_match: Option<&'a str>,
    pub(crate) range: Option<&'a str>,
    pub(crate) if_range: Option<&'a str>,
}

/// What is sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// 200, or whatever the status was, with all of it.
    Whole,
    /// 304.
    NotModified,
    /// 206, with these bytes of the body.
    Part { first: usize, end: usize },
    /// 416.
    Unsatisfiable,
}

impl<'a> Asked<'a> {
    pub(crate) fn read(request: &'a RequestHeader) -> Self {
        let text = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            is_head: request.method == "HEAD",
            if_none_match: text("if-none-match"),
            range: text("range"),
            if_range: text("if-range"),
        }
    }

    /// Whether only a part is asked for, or only what is new.
    pub(crate) fn is_conditional(&self) -> bool {
        self.if_none_match.is_some() || self.range.is_some()
    }
}

impl Reply {
    /// What of `entry` answers the question.
    pub(crate) fn choose(entry: &Entry, asked: &Asked<'_>) -> Self {
        let text =
            |name: &str| entry.header.headers.get(name).and_then(|value| value.to_str().ok());
        if entry.header.status != 200 {
            return Self::Whole;
        }
        let tag = text("etag");
        if let (Some(tag), Some(known)) = (tag, asked.if_none_match)
            && is_listed(known, tag)
        {
            return Self::NotModified;
        }
        let is_same = asked.if_range.is_none_or(|wanted| {
            // A weak tag does not promise the same bytes (RFC 9110 §13.1.5).
            tag == Some(wanted) && !wanted.starts_with("W/")
        });
        let takes_ranges = text("accept-ranges").is_some_and(|unit| unit == "bytes");
        match asked.range.filter(|_| takes_ranges && is_same && !asked.is_head) {
            Some(range) => part(range, entry.body.len()),
            None => Self::Whole,
        }
    }

    /// The header of this reply, but for what belongs to one request.
    pub(crate) fn header(&self, entry: &Entry) -> Result<ResponseHeader> {
        let mut header = entry.header.clone();
        let size = entry.body.len();
        match self {
            Self::Whole => {}
            Self::NotModified => {
                header.set_status(304)?;
                for name in ["content-length", "content-type", "content-encoding"] {
                    header.remove_header(name);
                }
            }
            Self::Part { first, end } => {
                header.set_status(206)?;
                header.insert_header("content-length", end - first)?;
                let range = format!("bytes {first}-{}/{size}", end - 1);
                header.insert_header("content-range", range)?;
            }
            Self::Unsatisfiable => {
                header.set_status(416)?;
                header.insert_header("content-length", 0)?;
                header.insert_header("content-range", format!("bytes */{size}"))?;
                for name in ["content-type", "content-encoding", "etag", "cache-control"] {
                    header.remove_header(name);
                }
            }
        }
        Ok(header)
    }

    /// The bytes that follow.
    pub(crate) fn body(&self, entry: &Entry, asked: &Asked<'_>) -> Bytes {
        match self {
            Self::Whole if !asked.is_head => entry.body.clone(),
            Self::Part { first, end } => entry.body.slice(*first..*end),
            Self::Whole | Self::NotModified | Self::Unsatisfiable => Bytes::new(),
        }
    }
}

/// Whether the list of entity tags has `tag`, weakly compared (RFC 9110 §13.1.2).
fn is_listed(list: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tag = opaque(tag);
    list.trim() == "*" || list.split(',').any(|known| opaque(known) == tag)
}

/// One range of `size` bytes; all of it if the header is anything else (RFC 9110 §14.2).
fn part(range: &str, size: usize) -> Reply {
    let ends = range.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let Some((first, last)) = ends else { return Reply::Whole };
    let number = |text: &str| match text.trim() {
        "" => Some(None),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(Some(digits.parse::<usize>().unwrap_or(usize::MAX)))
        }
        _ => None,
    };
    let (first, end) = match (number(first), number(last)) {
        (Some(Some(first)), Some(None)) => (first, size),
        (Some(Some(first)), Some(Some(last))) if first <= last => {
            (first, size.min(last.saturating_add(1)))
        }
        (Some(None), Some(Some(0))) => return Reply::Unsatisfiable,
        (Some(None), Some(Some(count))) => (size.saturating_sub(count), size),
        _ => return Reply::Whole,
    };
    if first >= size { Reply::Unsatisfiable } else { Reply::Part { first, end } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_range_is_cut_out_and_anything_else_is_the_whole() {
        let cut = |first, end| Reply::Part { first, end };
        for (range, expected) in [
            ("bytes=0-99", cut(0, 100)),
            ("bytes=900-", cut(900, 1000)),
            ("bytes=-100", cut(900, 1000)),
            ("bytes=-5000", cut(0, 1000)),
            ("bytes=990-99999999999999999999999", cut(990, 1000)),
            ("bytes=1000-", Reply::Unsatisfiable),
            ("bytes=-0", Reply::Unsatisfiable),
            ("bytes=9-1", Reply::Whole),
            ("bytes=0-1,5-6", Reply::Whole),
            ("bytes=-", Reply::Whole),
            ("lines=0-1", Reply::Whole),
            ("bytes=a-b", Reply::Whole),
        ] {
            assert_eq!(part(range, 1000), expected, "{range}");
        }
    }

    #[test]
    fn tags_are_compared_weakly() {
        assert!(is_listed("\"a\", W/\"b\"", "\"b\""));
        assert!(is_listed("*", "\"b\""));
        assert!(!is_listed("\"a\"", "\"b\""));
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_body(text in "bytes=[0-9-]{0,24}", size in 0..2000_usize) {
            if let Reply::Part { first, end } = part(&text, size) {
                prop_assert!(first < end && end <= size);
            }
        }
    }
}
