//! Under what an answer is kept.

use crate::route::Route;
use crate::upstream::Release;
use pingora::http::RequestHeader;
use std::sync::Arc;

/// The content codings that a client takes, of those that a release has. The answer to a request
/// depends on nothing else of its `Accept-Encoding`, since the gateway passes on only these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Codings(u8);

const NAMES: [&str; 3] = ["br", "zstd", "gzip"];

impl Codings {
    /// Reads an `Accept-Encoding` (RFC 9110 §12.5.3). Preferences among them are not kept: the
    /// services choose the smallest.
    pub(crate) fn read(header: &str) -> Self {
        let mut accepted = 0;
        let mut refused = 0;
        let mut has_rest = false;
        for item in header.split(',') {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let name = name.trim();
            let is_refused = parameters
                .trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.trim().parse::<f32>().is_ok_and(|quality| quality <= 0.0));
            let found = NAMES.iter().position(|known| name.eq_ignore_ascii_case(known));
            match found {
                Some(at) if is_refused => refused |= 1 << at,
                Some(at) => accepted |= 1 << at,
                None if name == "*" && !is_refused => has_rest = true,
                None => {}
            }
        }
        if has_rest {
            accepted |= (1 << NAMES.len()) - 1;
        }
        Self(accepted & !refused)
    }

    /// As a header.
    pub(crate) fn header(self) -> String {
        let names = NAMES.iter().enumerate().filter(|(at, _)| self.0 & (1 << at) != 0);
        names.map(|(_, name)| *name).collect::<Vec<&str>>().join(", ")
    }
}

/// What tells one kept answer from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The release that was served, but for files that are named by their content: a page of the
    /// release before may still ask for them.
    release: Option<Release>,
    /// The API may name itself in its answers; pages do not.
    host: Option<Arc<str>>,
    /// Nothing if the answer is the same for all.
    codings: Option<Codings>,
    /// The path and the query, as they were sent.
    target: Arc<str>,
}

impl Key {
    pub(crate) fn new(
        route: Route,
        release: Option<Release>,
        host: &str,
        target: &str,
        codings: Codings,
    ) -> Self {
        Self {
            release: release.filter(|_| route != Route::Asset),
            host: (route == Route::Api).then(|| host.into()),
            codings: Some(codings),
            target: target.into(),
        }
    }

    /// The same, of another release.
    pub(crate) fn of_release(&self, release: Release) -> Self {
        let release = self.release.is_some().then_some(release);
        Self { release, ..self.clone() }
    }

    /// The same, for all codings.
    pub(crate) fn for_all_codings(&self) -> Self {
        Self { codings: None, ..self.clone() }
    }

    /// The path and the query.
    pub(crate) fn target(&self) -> &Arc<str> {
        &self.target
    }

    /// Roughly the bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>() + self.target.len()
    }
}

/// The path of a path and a query.
pub(crate) fn path(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// The path and the query of `request`.
pub(crate) fn target(request: &RequestHeader) -> &str {
    request.uri.path_and_query().map_or("/", |target| target.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_those_that_are_taken_at_all() {
        for (header, expected) in [
            ("gzip, deflate, br, zstd", "br, zstd, gzip"),
            ("gzip, deflate", "gzip"),
            ("GZIP;q=0.5, br ; q=1", "br, gzip"),
            ("br;q=0, gzip;q=0.0", ""),
            ("*", "br, zstd, gzip"),
            ("*, br;q=0", "zstd, gzip"),
            ("*;q=0, gzip", "gzip"),
            ("identity", ""),
            ("", ""),
        ] {
            assert_eq!(Codings::read(header).header(), expected, "{header}");
        }
    }

    #[test]
    fn a_page_belongs_to_its_release_and_a_named_file_to_all() {
        let key = |route, release: &str| {
            Key::new(route, Some(release.into()), "x", "/a", Codings::read("br"))
        };

        assert_ne!(key(Route::Page, "old"), key(Route::Page, "new"));
        assert_eq!(key(Route::Page, "old").of_release("new".into()), key(Route::Page, "new"));
        assert_eq!(key(Route::Asset, "old"), key(Route::Asset, "new"));
    }
}
