//! Finds posts by their words, Chinese and English.
//!
//! An index is built from one release and never changes. A query is split at white space, and a
//! post is found if it contains every part, wherever it stands: any substring is found, without
//! knowing where Chinese words begin.

mod fold;
mod index;
mod snippet;

pub use crate::index::{Hit, Hits, Index, MAX_TERMS};
