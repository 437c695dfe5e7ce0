//! Which release is served.

use crate::Shelf;
use service_kit::Metrics;

/// Adds the release that lies on `shelf`, whichever it is when somebody asks, to `metrics`.
pub(crate) fn register(metrics: &Metrics, shelf: &Shelf) {
    let read = shelf.clone();
    metrics.ask_name("release_info", "The release that is served", "release", move || {
        Some(read.take()?.index().id.to_string())
    });
    let read = shelf.clone();
    metrics.ask("release_posts", "Posts of the release that is served", move || {
        u32::try_from(read.take()?.index().posts.count).ok().map(f64::from)
    });
}
