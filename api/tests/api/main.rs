//! A real socket, over each store that this machine has.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod comments;
mod counters;
mod faults;
mod http;
mod load;
mod neighbours;
mod posts;
mod related;
mod replicas;
mod resources;
mod schemathesis;
mod support;
