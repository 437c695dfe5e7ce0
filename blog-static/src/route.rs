//! From a request's path to a route of the index.

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

/// The route that a raw request path names: decoded once, NFC. `None` if it is not UTF-8.
pub(crate) fn decoded(path: &str) -> Option<String> {
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    Some(decoded.nfc().collect())
}

/// `path` without its final slashes, if it has any and is more than the root.
pub(crate) fn without_slash(path: &str) -> Option<&str> {
    let trimmed = path.trim_end_matches('/');
    // `//host` would send the reader to another site, and browsers read `\` as `/`.
    let is_local = !trimmed.starts_with("//") && !trimmed.contains('\\');
    (trimmed.len() < path.len() && trimmed.len() > 1 && is_local).then_some(trimmed)
}

/// The kind of thing that a path names, for metrics.
pub(crate) fn name(path: &str) -> &'static str {
    match path.split('/').nth(1).unwrap_or_default() {
        "" | "page" | "tags" | "archive" => "list",
        "blog" => "post",
        "assets" | "media" => "asset",
        "_release" => "release",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_once() {
        assert_eq!(decoded("/%E5%A2%A8%2520").as_deref(), Some("/墨%20"));
        assert_eq!(decoded("/%FF"), None);
    }

    #[test]
    fn a_final_slash_is_dropped_but_never_leads_away() {
        assert_eq!(without_slash("/tags/"), Some("/tags"));
        assert_eq!(without_slash("/"), None);
        assert_eq!(without_slash("//evil.example/"), None);
        assert_eq!(without_slash("/\\evil.example/"), None);
    }
}
