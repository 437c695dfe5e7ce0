//! A post's `lw-blog-meta` header and Markdown, to HTML, outline, plain text and diagnostics.
//!
//! Pure: text in, text out. It never panics and never stops at the first fault: every problem is
//! a [`Diagnostic`] with its place and remedy.

mod anchor;
mod body;
mod diagnostic;
mod header;
mod highlight;
mod html;
mod language;
mod words;

pub use crate::body::{FragmentLink, Manner, Rendered, Resolved, Resolver, Variant, render};
pub use crate::diagnostic::{Diagnostic, Severity};
pub use crate::header::{Header, MAX_BYTES, Reading, Source, read};
pub use crate::highlight::CLASSES;
pub use crate::words::{count as count_words, minutes};
