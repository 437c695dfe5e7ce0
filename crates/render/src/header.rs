//! The header: the fenced `lw-blog-meta` block that makes a Markdown file a post.

mod fence;
mod fields;
mod value;

use crate::diagnostic::{Diagnostic, Report, Severity};
use domain::{PostDate, PostPath, Tag};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The largest post. A longer one is a mistake, such as a log that was pasted whole.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// A Markdown file as it was read.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its name relative to the content folder, as diagnostics show it.
    pub file: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The title, plain text.
    pub title: String,
    /// When it is published.
    pub date: PostDate,
    /// The summary; may be empty.
    pub brev: String,
    /// Without repetitions, in the order written.
    pub tags: Vec<Tag>,
    /// An address other than the file's own.
    pub path: Option<PostPath>,
    /// For search engines.
    pub description: Option<String>,
    /// For search engines.
    pub keywords: Vec<String>,
    /// Not to be published.
    pub draft: bool,
    /// When it was last changed.
    pub updated: Option<Timestamp>,
    /// Old addresses that redirect here.
    pub aliases: Vec<String>,
    /// BCP 47 language, if it is not the site's.
    pub lang: Option<String>,
    /// The series it belongs to.
    pub series: Option<String>,
    /// Whether `$…$` in the body is a formula.
    pub math: bool,
}

/// A file after its header was read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Whether the file begins with an `lw-blog-meta` block at all.
    pub is_post: bool,
    /// What the block says; `None` if an error keeps the post from being published.
    pub header: Option<Header>,
    /// The Markdown behind it.
    pub body: String,
    /// The line of the file at which the body begins, counted from 1.
    pub body_line: usize,
    /// Problems found so far.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the header of `source`; days are in `zone`.
///
/// Never fails: what is wrong is in [`Reading::diagnostics`], all of it at once.
#[must_use]
pub fn read(source: Source, zone: &TimeZone) -> Reading {
    let mut report = Report::new(source.file);
    let Some(text) = text(source.bytes, &mut report) else {
        return unreadable(report);
    };
    if text.contains("\r\n") {
        report.warning(
            (1, 1),
            "crlf",
            "lines end in CRLF",
            "save the file with LF line endings (`sed -i 's/\\r$//' FILE`)",
        );
    }
    let text = text.replace("\r\n", "\n");
    let Some(block) = fence::split(&text, &mut report) else {
        return Reading {
            is_post: false,
            header: None,
            body: text,
            body_line: 1,
            diagnostics: report.found,
        };
    };
    let header = fields::header(&block, source.file, zone, &mut report);
    let is_sound = report.found.iter().all(|found| found.severity != Severity::Error);
    Reading {
        is_post: true,
        header: header.filter(|_| is_sound),
        body: block.body.to_owned(),
        body_line: block.body_line,
        diagnostics: report.found,
    }
}

/// The file as text without a byte order mark, or a diagnostic of why it is none.
fn text<'a>(bytes: &'a [u8], report: &mut Report) -> Option<&'a str> {
    if bytes.len() > MAX_BYTES {
        report.error(
            (1, 1),
            "too-large",
            format!("the file has {} bytes, a post at most {MAX_BYTES}", bytes.len()),
            "split the post, or move logs and data to files of their own",
        );
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = before.matches('\n').count() + 1;
            let col = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            report.error(
                (line, col),
                "not-utf8",
                "the file is not UTF-8",
                "save it as UTF-8 (`iconv -f GB18030 -t UTF-8` if it came from an old editor)",
            );
            None
        }
    }
}

fn unreadable(report: Report) -> Reading {
    Reading {
        is_post: true,
        header: None,
        body: String::new(),
        body_line: 1,
        diagnostics: report.found,
    }
}

#[cfg(test)]
mod tests;
