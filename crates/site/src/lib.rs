//! Posts and a theme to a release.
//!
//! [`gather`] reads a content folder and finds every problem in it; [`build`] writes what may be
//! published as a release. [`regather`] takes from `.cache` in the release's folder what did not
//! change since the last build; nothing else reads that file, and without it the release is the
//! same.

mod build;
mod cache;
mod card;
mod content;
mod error;
mod gather;
mod inline;
mod item;
mod media;
mod page;
mod policy;
mod related;
mod settings;
mod theme;
mod variant;

pub use crate::build::{Built, build, build_after};
pub use crate::error::SiteError;
pub use crate::gather::{Gathered, Publication, gather, regather};
pub use crate::settings::{CommentProvider, Comments, MenuEntry, Policy, Security, Settings};
