//! A real socket, over each store that this machine has.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod counters;
mod neighbours;
mod posts;
mod resources;
mod support;
