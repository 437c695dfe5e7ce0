//! One name for a request in the logs of everything that it passes through.

use std::fmt;
use uuid::Uuid;

/// The header that carries a [`RequestId`].
pub const REQUEST_ID: &str = "x-request-id";

/// The name of one request. The gateway makes it; services behind it take it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Makes a new one: UUID version 7 (RFC 9562 §5.7), which sorts by time.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7().simple().to_string())
    }

    /// Takes over what a neighbour sent, or makes a new one if that is missing or could break a
    /// log line: 1 to 64 letters, digits, `-` or `_`.
    #[must_use]
    pub fn accept(sent: Option<&str>) -> Self {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        match sent {
            Some(text) if matches!(text.len(), 1..=64) && text.bytes().all(is_plain) => {
                Self(text.to_owned())
            }
            _ => Self::generate(),
        }
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbours_id_is_taken_over_unless_it_could_break_a_log_line() {
        assert_eq!(RequestId::accept(Some("a-1_B")).as_str(), "a-1_B");
        for bad in [None, Some(""), Some("a b"), Some("x\"y"), Some(&*"a".repeat(65))] {
            assert_eq!(RequestId::accept(bad).as_str().len(), 32, "{bad:?}");
        }
    }
}
