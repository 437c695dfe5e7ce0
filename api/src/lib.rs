//! The blog's JSON API: lists, posts, counts and search over what the loader registered.
//!
//! It reads posts, which only the loader writes, and counts views and likes. Everything is answered for
//! one release, which the snapshot names, so no answer mixes two.

mod answer;
mod app;
mod body;
mod challenge;
mod comments;
mod cors;
mod counter;
mod error;
mod flight;
mod item;
mod kept;
mod metrics;
mod openapi;
mod parameters;
mod routes;
mod settings;
mod snapshot;
mod visitor;

pub use crate::app::{Application, Backends};
pub use crate::settings::Settings;

/// The description of the API: `OpenAPI` 3.1, as JSON.
#[must_use]
pub fn openapi() -> String {
    openapi::text().to_owned()
}
