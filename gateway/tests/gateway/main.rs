//! Real sockets on both sides, and replicas that misbehave on purpose.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod acme;
mod cache;
mod door;
mod drain;
mod handover;
mod headers;
mod limits;
mod malformed;
mod misbehaving;
mod parking;
mod passing;
mod relay;
mod release;
mod replicas;
mod stop;
mod support;
mod tls;
