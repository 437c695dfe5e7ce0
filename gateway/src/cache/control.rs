//! What an answer's `Cache-Control` says about keeping it (RFC 9111 §5.2.2, RFC 5861). Pure.

use std::time::Duration;

/// A longer time is as good as for ever (RFC 9111 §1.2.2).
const MAX_SECONDS: u64 = 1 << 31;

/// The directives that a shared cache obeys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheControl {
    is_forbidden: bool,
    must_revalidate: bool,
    max_age: Option<u64>,
    shared_max_age: Option<u64>,
    while_revalidate: Option<u64>,
    if_error: Option<u64>,
}

/// How long an answer may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// Without asking anybody.
    pub fresh: Duration,
    /// For so long after that, while it is asked for anew.
    pub while_revalidate: Duration,
    /// For so long after it was fresh, if nobody has another answer.
    pub if_error: Duration,
}

impl CacheControl {
    /// Reads the header; several headers are joined with commas first. What is not understood is
    /// passed over, a number that is none is 0, and of two numbers the smaller counts.
    ///
    /// ```
    /// use gateway::CacheControl;
    ///
    /// let page = CacheControl::read("public, max-age=60, stale-if-error=86400").freshness().unwrap();
    /// assert_eq!((page.fresh.as_secs(), page.if_error.as_secs()), (60, 86_400));
    /// assert_eq!(CacheControl::read("max-age=60, no-store").freshness(), None);
    /// ```
    #[must_use]
    pub fn read(header: &str) -> Self {
        let mut control = Self::default();
        for directive in Directives(header) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let value = value.trim().trim_matches('"');
            let smaller = |old: Option<u64>| {
                let digits = value.bytes().all(|byte| byte.is_ascii_digit());
                // Digits that do not fit are very many.
                let seconds = if digits { value.parse().unwrap_or(MAX_SECONDS) } else { 0 };
                let seconds = if value.is_empty() { 0 } else { seconds.min(MAX_SECONDS) };
                Some(old.map_or(seconds, |old| old.min(seconds)))
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" | "private" => control.is_forbidden = true,
                "must-revalidate" | "proxy-revalidate" => control.must_revalidate = true,
                "max-age" => control.max_age = smaller(control.max_age),
                "s-maxage" => control.shared_max_age = smaller(control.shared_max_age),
                "stale-while-revalidate" => {
                    control.while_revalidate = smaller(control.while_revalidate);
                }
                "stale-if-error" => control.if_error = smaller(control.if_error),
                _ => {}
            }
        }
        control
    }

    /// How long a shared cache may use the answer; nothing if it may not keep it or is not told.
    #[must_use]
    pub fn freshness(&self) -> Option<Freshness> {
        let fresh = self.shared_max_age.or(self.max_age).filter(|seconds| *seconds > 0)?;
        if self.is_forbidden {
            return None;
        }
        let stale = |seconds: Option<u64>| {
            let seconds = seconds.filter(|_| !self.must_revalidate);
            Duration::from_secs(seconds.unwrap_or(0))
        };
        Some(Freshness {
            fresh: Duration::from_secs(fresh),
            while_revalidate: stale(self.while_revalidate),
            if_error: stale(self.if_error),
        })
    }
}

/// Splits at commas that are not within quotes.
struct Directives<'a>(&'a str);

impl<'a> Iterator for Directives<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.0.is_empty() {
            return None;
        }
        let mut is_quoted = false;
        let end = self.0.find(|c: char| {
            is_quoted ^= c == '"';
            c == ',' && !is_quoted
        });
        let (directive, rest) = match end {
            Some(end) => (&self.0[..end], &self.0[end + 1..]),
            None => (self.0, ""),
        };
        self.0 = rest;
        Some(directive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn directives_are_obeyed() {
        for (header, expected) in [
            (
                "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400",
                Some((60, 600, 86_400)),
            ),
            ("public, max-age=31536000, immutable", Some((31_536_000, 0, 0))),
            ("MAX-AGE = 5", Some((5, 0, 0))),
            ("max-age=\"5\"", Some((5, 0, 0))),
            ("max-age=60, s-maxage=5", Some((5, 0, 0))),
            ("max-age=60, max-age=5", Some((5, 0, 0))),
            ("max-age=99999999999999999999", Some((1 << 31, 0, 0))),
            ("max-age=60, must-revalidate, stale-if-error=9", Some((60, 0, 0))),
            ("x=\"a, no-store\", max-age=7", Some((7, 0, 0))),
            ("", None),
            ("public", None),
            ("max-age=0", None),
            ("max-age=", None),
            ("max-age=-1", None),
            ("max-age=x", None),
            ("max-age=60, private", None),
            ("max-age=60, no-cache", None),
            ("no-store, max-age=60", None),
            ("private=\"x-y\", max-age=60", None),
        ] {
            let found = CacheControl::read(header).freshness().map(|found| {
                let [fresh, swr, sie] =
                    [found.fresh, found.while_revalidate, found.if_error].map(|d| d.as_secs());
                (fresh, swr, sie)
            });
            assert_eq!(found, expected, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_none_undoes_no_store(text in "\\PC*|[a-z=,\" 0-9-]*") {
            let _ = CacheControl::read(&text).freshness();
            let joined = format!("no-store,{text}");
            prop_assert_eq!(CacheControl::read(&joined).freshness(), None);
        }
    }
}
