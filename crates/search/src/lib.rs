//! Finds posts by their words, Chinese and English.
//!
//! An index holds one release and never changes; the next release's shares with it what did not
//! change. Any substring of a post is found, without knowing where Chinese words begin: Latin words,
//! characters, pairs of them and common longer pieces are looked up (`words.rs`, `gram.rs`), and what
//! only may contain a term is compared with it. Pure: no files, no clock, no runtime.
//!
//! What a match is worth stands in `score.rs`, the query's language at [`Index::search`]; what relates
//! two posts in `related.rs`, lists and counts in `list.rs`, what makes two addresses alike in `nearest.rs`.

mod document;
mod find;
mod fold;
mod gram;
mod index;
mod list;
mod nearest;
mod placed;
mod places;
mod posting;
mod profile;
mod query;
mod related;
mod score;
mod segment;
mod set;
mod snippet;
mod suggest;
mod typo;
mod update;
mod varint;
mod words;

pub use crate::index::{Hit, Hits, Index, Neighbours};
pub use crate::list::Filter;
pub use crate::query::{MAX_TERMS, phrase};
pub use crate::related::MAX_RELATED;
pub use crate::suggest::Suggestions;
pub use crate::update::Update;
