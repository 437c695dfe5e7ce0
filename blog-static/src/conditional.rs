//! Conditional requests (RFC 9110 §13).

/// Whether `If-None-Match` names `etag`, compared weakly (§13.1.2): then nothing is sent again.
pub(crate) fn is_known(if_none_match: &str, etag: &str) -> bool {
    if_none_match
        .split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_a_weak_tag_and_a_star_match() {
        assert!(is_known("\"a\", W/\"b\"", "\"b\""));
        assert!(is_known("*", "\"b\""));
        assert!(!is_known("\"ab\"", "\"b\""));
    }
}
