//! One name for a request in the logs of everything that it passes through.

use std::cell::RefCell;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::{Builder, Uuid};

/// The header that carries a [`RequestId`].
pub const REQUEST_ID: &str = "x-request-id";

/// The name of one request. The gateway makes it; services behind it take it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Makes a new one: UUID version 7 (RFC 9562 §5.7), which sorts by time.
    #[must_use]
    pub fn generate() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let id = Builder::from_unix_timestamp_millis(millis, &chance()).into_uuid();
        Self(id.simple().to_string())
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

/// Bytes by chance. Asking the system for them costs as much as the rest of a request id, so each
/// thread asks for many at once.
fn chance() -> [u8; 10] {
    const MANY: usize = 256;
    thread_local! {
        static LEFT: RefCell<Vec<[u8; 10]>> = const { RefCell::new(Vec::new()) };
    }
    LEFT.with_borrow_mut(|left| {
        if left.is_empty() {
            left.resize(MANY, [0; 10]);
            if getrandom::fill(left.as_flattened_mut()).is_err() {
                // Unique in this process at least.
                left.clear();
            }
        }
        left.pop().unwrap_or_else(|| *Uuid::now_v7().as_bytes().last_chunk().unwrap_or(&[0; 10]))
    })
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_differ_and_sort_by_time() {
        let ids: Vec<String> = (0..1000).map(|_| RequestId::generate().0).collect();

        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 32 && &id[12..13] == "7"), "{}", ids[0]);
        assert!(ids[0][..12] <= ids[999][..12]);
    }

    #[test]
    fn a_neighbours_id_is_taken_over_unless_it_could_break_a_log_line() {
        assert_eq!(RequestId::accept(Some("a-1_B")).as_str(), "a-1_B");
        for bad in [None, Some(""), Some("a b"), Some("x\"y"), Some(&*"a".repeat(65))] {
            assert_eq!(RequestId::accept(bad).as_str().len(), 32, "{bad:?}");
        }
    }
}
