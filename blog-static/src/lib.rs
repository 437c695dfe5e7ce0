//! Serves one release: pages, media, feeds and raw posts, by look-up only. It knows no Markdown,
//! and no request path ever names a file. For a reader without JavaScript it asks the API what to
//! put into the search page; nothing else here needs a neighbour.

mod answer;
mod app;
mod blobs;
mod conditional;
mod encoding;
mod metrics;
mod range;
mod route;
mod search;
mod settings;
mod shelf;

pub use crate::app::Application;
pub use crate::range::{ByteRange, Unsatisfiable};
pub use crate::settings::Settings;
pub use crate::shelf::Shelf;
