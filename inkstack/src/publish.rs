//! A folder of posts to a release, with a report for people.

use crate::report;
use jiff::Timestamp;
use release::{Compression, Release, Written};
use site::Gathered;
use std::path::Path;

/// How to publish.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) compression: Compression,
    /// Publish without the posts that have errors.
    pub(crate) keep_going: bool,
}

/// What was published.
pub(crate) struct Published {
    pub(crate) gathered: Gathered,
    pub(crate) written: Written,
    /// How many problems were reported.
    pub(crate) problems: usize,
    /// Whether none of them was an error.
    pub(crate) is_clean: bool,
}

/// Builds `content` into the release `out`, taking pictures from the release `earlier` if that has
/// them, and reports every problem on standard error. `None` if
/// there are errors and they keep it from being written.
pub(crate) fn publish(
    content: &Path,
    out: &Path,
    options: Options,
    earlier: Option<&Release>,
) -> anyhow::Result<Option<Published>> {
    let gathered = site::regather(content, out, Timestamp::now())?;
    eprint!("{}", report::text(&gathered.diagnostics));
    if report::has_errors(&gathered.diagnostics) && !options.keep_going {
        eprintln!(
            "nothing was written: mend the errors, or build without those posts with --keep-going"
        );
        return Ok(None);
    }
    let built = site::build_after(content, &gathered, out, options.compression, earlier)?;
    eprint!("{}", report::text(&built.diagnostics));
    for (path, at) in &gathered.scheduled {
        eprintln!("{path} falls due at {at}");
    }
    Ok(Some(Published {
        problems: gathered.diagnostics.len() + built.diagnostics.len(),
        is_clean: !report::has_errors(&gathered.diagnostics)
            && !report::has_errors(&built.diagnostics),
        gathered,
        written: built.written,
    }))
}
