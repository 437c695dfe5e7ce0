//! The outline of a post: its headings.

use serde::{Deserialize, Serialize};

/// One heading of a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 1 to 6, as in Markdown.
    pub level: u8,
    /// Plain text.
    pub text: String,
    /// The anchor, without `#`.
    pub id: String,
}

/// The depth of each heading below the shallowest one before it: 0 for the outermost.
///
/// Levels may skip (`##` then `####`); depths do not, so a list can be nested by them.
///
/// ```
/// # use domain::{Heading, nested};
/// # let heading = |level| Heading { level, text: String::new(), id: String::new() };
/// assert_eq!(nested(&[heading(2), heading(4), heading(3), heading(1)]), [0, 1, 1, 0]);
/// ```
#[must_use]
pub fn nested(outline: &[Heading]) -> Vec<usize> {
    let mut open: Vec<u8> = Vec::new();
    outline
        .iter()
        .map(|heading| {
            while open.last().is_some_and(|level| *level >= heading.level) {
                open.pop();
            }
            open.push(heading.level);
            open.len() - 1
        })
        .collect()
}
