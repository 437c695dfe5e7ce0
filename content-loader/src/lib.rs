//! Registers in the store the release that blog-static serves.
//!
//! It reads the posts from blog-static over HTTP and not from files of its own, so the API can
//! never list what blog-static does not serve. The remedy for every failure is to run it again.

mod error;
mod load;
mod report;
mod rollback;
mod settings;
mod source;
mod watch;

pub use crate::error::LoadError;
pub use crate::load::{Options, load};
pub use crate::report::Report;
pub use crate::rollback::rollback;
pub use crate::settings::Settings;
pub use crate::source::BlogStatic;
pub use crate::watch::watch;
