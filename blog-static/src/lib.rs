//! Serves one release: pages, media, feeds and raw posts, by look-up only. It knows no Markdown,
//! and no request path ever names a file.

mod answer;
mod app;
mod blobs;
mod conditional;
mod encoding;
mod metrics;
mod range;
mod route;
mod settings;
mod shelf;

pub use crate::app::Application;
pub use crate::range::{ByteRange, Unsatisfiable};
pub use crate::settings::Settings;
pub use crate::shelf::Shelf;
