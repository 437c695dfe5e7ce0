//! Real services for tests, and sample posts. Only ever a dev-dependency.

#[cfg(feature = "acme")]
mod acme;
#[cfg(feature = "auth")]
mod auth;
mod browser;
mod listed;
mod lot;
mod port;
mod process;
mod sample;
mod server;
#[cfg(feature = "auth")]
mod set;
#[cfg(feature = "acme")]
mod tls;

#[cfg(feature = "acme")]
pub use crate::acme::Authority;
pub use crate::browser::{browser, dump_dom, node};
pub use crate::listed::{brevs, listed};
pub use crate::lot::Lot;
pub use crate::port::{free_port, wait_for_port};
pub use crate::process::Process;
pub use crate::sample::{post, posts, release_id};
pub use crate::server::{Server, find_program, mongod, redis};
#[cfg(feature = "acme")]
pub use crate::tls::tls_connector;
