//! The blog's JSON API: lists, posts, counts and search over what the loader registered.
//!
//! It reads posts, which only the loader writes, and counts views and likes. Everything is answered for one release, which the snapshot
//! names, so no answer mixes two.

mod answer;
mod app;
mod counter;
mod error;
mod flight;
mod item;
mod metrics;
mod parameters;
mod routes;
mod settings;
mod snapshot;
mod visitor;

pub use crate::app::{Application, Backends};
pub use crate::settings::Settings;
