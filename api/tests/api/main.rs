//! A real socket, over each store that this machine has.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod comments;
mod counters;
mod http;
mod neighbours;
mod posts;
mod related;
mod resources;
mod schemathesis;
mod support;
