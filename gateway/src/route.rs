//! From a request's path to the service that answers it.

use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The API.
    Api,
    /// blog-static, and the path names a file that never changes.
    Asset,
    /// blog-static.
    Page,
    /// The gateway: `/_…` is for neighbours alone.
    Hidden,
}

/// Why a path is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A `%` without two hexadecimal digits behind it.
    #[error("the address has a `%` that encodes nothing")]
    Encoding,
    /// A control character, `\`, or an encoded `/`: services may disagree on what it means.
    #[error("the address has a character that no address here has")]
    Character,
    /// A segment `.` or `..`, encoded or not, which browsers resolve before they ask.
    #[error("the address has a `.` or `..` segment")]
    DotSegment,
    /// It does not begin with `/`.
    #[error("the address is no path")]
    NoPath,
}

/// Where `path` (percent-encoded, without a query) leads.
///
/// What two services could read differently is refused, so that nobody slips past a rule here by
/// writing an address in another way.
///
/// # Errors
///
/// [`Refused`]; answer 400.
///
/// ```
/// use gateway::{Refused, Route, route};
///
/// assert_eq!(route("/api/v1/posts"), Ok(Route::Api));
/// assert_eq!(route("/blog/%E5%A2%A8"), Ok(Route::Page));
/// assert_eq!(route("/%5Frelease/posts.ndjson"), Ok(Route::Hidden));
/// assert_eq!(route("/a/%2e%2E/b"), Err(Refused::DotSegment));
/// ```
pub fn route(path: &str) -> Result<Route, Refused> {
    if !path.starts_with('/') {
        return Err(Refused::NoPath);
    }
    if !is_encoded_well(path) {
        return Err(Refused::Encoding);
    }
    for segment in path.split('/').skip(1) {
        let decoded: Cow<'_, [u8]> = percent_decode_str(segment).into();
        let is_odd = |byte: &u8| byte.is_ascii_control() || matches!(byte, b'/' | b'\\');
        if decoded.iter().any(is_odd) {
            return Err(Refused::Character);
        }
        if matches!(&*decoded, b"." | b"..") {
            return Err(Refused::DotSegment);
        }
    }
    let first: Cow<'_, [u8]> =
        percent_decode_str(path.split('/').nth(1).unwrap_or_default()).into();
    Ok(match &*first {
        b"api" => Route::Api,
        b"assets" | b"media" => Route::Asset,
        [b'_', ..] => Route::Hidden,
        _ => Route::Page,
    })
}

fn is_encoded_well(path: &str) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = path.as_bytes();
    let mut percents = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    percents.all(|(at, _)| is_hex(bytes.get(at + 1)) && is_hex(bytes.get(at + 2)))
}

impl Route {
    /// For logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Asset => "asset",
            Self::Page => "page",
            Self::Hidden => "gateway",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_path_has_one_service() {
        for (path, expected) in [
            ("/", Route::Page),
            ("/blog/2019/191013-x.md", Route::Page),
            ("/apis", Route::Page),
            ("/blog/api/x", Route::Page),
            ("//api/x", Route::Page),
            ("/api", Route::Api),
            ("/api/", Route::Api),
            ("/%61pi/v1", Route::Api),
            ("/assets/style.1.css", Route::Asset),
            ("/media/1.png", Route::Asset),
            ("/_", Route::Hidden),
            ("/_release/release.json", Route::Hidden),
        ] {
            assert_eq!(route(path), Ok(expected), "{path}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (path, expected) in [
            ("/a/../_release/x", Refused::DotSegment),
            ("/a/.%2e/b", Refused::DotSegment),
            ("/.", Refused::DotSegment),
            ("/a%2fb", Refused::Character),
            ("/a%5Cb", Refused::Character),
            ("/a\\b", Refused::Character),
            ("/a%00", Refused::Character),
            ("/a%0d%0aX: y", Refused::Character),
            ("/100%", Refused::Encoding),
            ("/%zz", Refused::Encoding),
            ("*", Refused::NoPath),
        ] {
            assert_eq!(route(path), Err(expected), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_makes_routing_panic(path in "\\PC*|/[%0-9a-f._/]*") {
            let _ = route(&path);
        }

        #[test]
        fn what_is_for_neighbours_is_never_passed_on(name in "[a-z/.]{0,12}", underscore in "_|%5f|%5F") {
            let led = route(&format!("/{underscore}{name}"));
            let is_passed_on = matches!(led, Ok(Route::Api | Route::Asset | Route::Page));
            prop_assert!(!is_passed_on);
        }
    }
}
