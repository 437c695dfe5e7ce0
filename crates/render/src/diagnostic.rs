//! One problem of one post: where, what, and how to mend it.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The post cannot be published.
    Error,
    /// The post is published; something in it will not work for readers.
    Warning,
}

/// One problem of one post.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The file, relative to the content folder.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub col: usize,
    /// How bad it is.
    pub severity: Severity,
    /// Stable name in kebab-case, for tools.
    pub code: Cow<'static, str>,
    /// What is wrong, in one clause.
    pub message: String,
    /// What the writer can do about it.
    pub remedy: String,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, col, severity, code, message, remedy } = self;
        write!(f, "{file}:{line}:{col}: {severity}[{code}]: {message}\n    help: {remedy}")
    }
}

/// Gathers the diagnostics of one file.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    file: &'a str,
    pub(crate) found: Vec<Diagnostic>,
}

/// A place in a file: line and column, both counted from 1.
pub(crate) type Place = (usize, usize);

impl<'a> Report<'a> {
    pub(crate) fn new(file: &'a str) -> Self {
        Self { file, found: Vec::new() }
    }

    pub(crate) fn error(
        &mut self,
        at: Place,
        code: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(at, Severity::Error, code, message.into(), remedy.into());
    }

    pub(crate) fn warning(
        &mut self,
        at: Place,
        code: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(at, Severity::Warning, code, message.into(), remedy.into());
    }

    fn push(
        &mut self,
        (line, col): Place,
        severity: Severity,
        code: &'static str,
        message: String,
        remedy: String,
    ) {
        let file = self.file.to_owned();
        self.found.push(Diagnostic {
            file,
            line,
            col,
            severity,
            code: code.into(),
            message,
            remedy,
        });
    }
}
