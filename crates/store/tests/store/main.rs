//! One list of promises, asked of every store and every cache.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod backup;
mod cache;
mod comment;
mod contract;
mod counter;
mod refusal;
mod support;
