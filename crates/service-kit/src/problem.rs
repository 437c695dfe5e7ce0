//! Errors as clients see them (RFC 9457).

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The media type of a [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The body of every error answer. `type` is left out, which means `about:blank` (§4.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What kind of problem, for people.
    pub title: Cow<'static, str>,
    /// What kind of problem, for programs: listed in `docs/problems.md`, never changes meaning.
    pub code: Cow<'static, str>,
    /// This occurrence, for people, with the remedy where there is one. Never internal text.
    pub detail: String,
}
