//! One byte range of a file (RFC 9110 §14).

/// The bytes from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// Counted from 0.
    pub first: u64,
    /// Counted from 0; within the file.
    pub last: u64,
}

/// The range begins behind the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsatisfiable;

impl ByteRange {
    /// Resolves a `Range` header against a file of `size` bytes.
    ///
    /// `Ok(None)` means "send the whole file". It is the answer to a list of ranges, to other
    /// units and to nonsense, because a server may ignore any `Range` (RFC 9110 §14.2). An end
    /// past the file is cut to its last byte, and `bytes=-500` means the last 500 bytes (§14.1.2).
    ///
    /// # Errors
    ///
    /// [`Unsatisfiable`] if the range begins at or after `size`. Answer 416 with
    /// `Content-Range: bytes */{size}` (§15.5.17).
    ///
    /// # Examples
    ///
    /// ```
    /// use blog_static::{ByteRange, Unsatisfiable};
    ///
    /// let tail = ByteRange { first: 900, last: 999 };
    /// assert_eq!(ByteRange::resolve("bytes=-100", 1000), Ok(Some(tail)));
    /// assert_eq!(ByteRange::resolve("bytes=1000-", 1000), Err(Unsatisfiable));
    /// assert_eq!(ByteRange::resolve("bytes=0-1,5-6", 1000), Ok(None));
    /// ```
    pub fn resolve(header: &str, size: u64) -> Result<Option<Self>, Unsatisfiable> {
        let Some((first, last)) = header.strip_prefix("bytes=").and_then(|set| set.split_once('-'))
        else {
            return Ok(None);
        };
        // `parse` alone would take `+1`.
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let number = |text: &str| text.parse::<u64>().ok().filter(|_| is_digits(text));
        let (first, last) = match (first.trim(), last.trim()) {
            ("", length) => match number(length) {
                None => return Ok(None),
                Some(0) => return Err(Unsatisfiable),
                Some(length) => (size.saturating_sub(length), u64::MAX),
            },
            (first, "") => match number(first) {
                None => return Ok(None),
                Some(first) => (first, u64::MAX),
            },
            (first, last) => match (number(first), number(last)) {
                (Some(first), Some(last)) if first <= last => (first, last),
                _ => return Ok(None),
            },
        };
        if first >= size {
            return Err(Unsatisfiable);
        }
        Ok(Some(Self { first, last: last.min(size - 1) }))
    }

    /// How many bytes it has, at least 1.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.last - self.first + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_range_lies_within_its_file(header in "bytes=[0-9]{0,20}-[0-9]{0,20}|\\PC*", size in 0u64..2000) {
            if let Ok(Some(range)) = ByteRange::resolve(&header, size) {
                prop_assert!(range.first <= range.last && range.last < size);
            }
        }

        #[test]
        fn a_range_reads_back_as_it_was_written(first in 0u64..999, length in 1u64..500) {
            let last = (first + length - 1).min(999);
            let header = format!("bytes={first}-{last}");
            prop_assert_eq!(ByteRange::resolve(&header, 1000), Ok(Some(ByteRange { first, last })));
        }
    }
}
