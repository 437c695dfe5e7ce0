//! The blog's JSON API: lists, posts, counts and search over what the loader registered.
//!
//! It reads; only the loader writes. Everything is answered for one release, which the snapshot
//! names, so no answer mixes two.

mod answer;
mod app;
mod error;
mod item;
mod metrics;
mod parameters;
mod routes;
mod settings;
mod snapshot;

pub use crate::app::{Application, Backends};
pub use crate::settings::Settings;
