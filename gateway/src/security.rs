//! Headers that tell browsers what the site's pages may do.

use crate::fields::Fields;
use pingora::Result;

/// What the gateway's own pages need.
pub(crate) const OWN_PAGES: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// Tells browsers to use HTTPS alone (RFC 6797).
pub(crate) const PROMISE: &str = "strict-transport-security";

/// What an answer from a service lacks. `policy` is the Content-Security-Policy of pages that bring
/// none: whoever made a page knows best what it needs.
pub(crate) fn complete(response: &mut impl Fields, policy: &str) -> Result<()> {
    response.put("x-content-type-options", "nosniff")?;
    let is_page = response.get("content-type").is_some_and(|kind| {
        // A picture in SVG is a document if it is opened by itself.
        kind.starts_with(b"text/html") || kind.starts_with(b"image/svg")
    });
    if !is_page {
        return Ok(());
    }
    response.put("referrer-policy", "strict-origin-when-cross-origin")?;
    response.put("x-frame-options", "DENY")?;
    response.put("permissions-policy", "camera=(), geolocation=(), microphone=()")?;
    response.put("cross-origin-opener-policy", "same-origin")?;
    if !policy.is_empty() && response.get("content-security-policy").is_none() {
        response.put("content-security-policy", policy)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pingora::http::ResponseHeader;

    fn policy(headers: &[(&'static str, &str)], default: &str) -> String {
        let mut response = ResponseHeader::build(200, None).unwrap();
        for (name, value) in headers {
            response.insert_header(*name, *value).unwrap();
        }
        complete(&mut response, default).unwrap();
        let policy = response.headers.get("content-security-policy");
        policy.map(|policy| policy.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[test]
    fn a_page_has_a_policy_and_its_own_if_it_brings_one() {
        let html = ("content-type", "text/html; charset=utf-8");
        let own = ("content-security-policy", "default-src 'none'");

        assert_eq!(policy(&[html], "x"), "x");
        assert_eq!(policy(&[html, own], "x"), "default-src 'none'");
        assert_eq!(policy(&[("content-type", "image/svg+xml")], "x"), "x");
        assert_eq!(policy(&[("content-type", "application/json")], "x"), "");
        assert_eq!(policy(&[html], ""), "");
    }
}
