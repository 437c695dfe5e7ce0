//! Going back to a release that is still kept.

use crate::load::take_lease;
use crate::{LoadError, Report};
use domain::{CurrentRelease, PostWriter};
use std::time::{Duration, Instant};

/// Points readers at the release whose id begins with `wanted`, or at the one before the current
/// one if `wanted` is `None`. No post is written.
///
/// # Errors
///
/// [`LoadError::NoRelease`] if no such release is kept, or as [`crate::load()`].
pub async fn rollback(
    posts: &dyn PostWriter,
    wanted: Option<&str>,
    lasts: Duration,
) -> Result<Report, LoadError> {
    let kept = posts.releases().await?;
    let current = posts.current().await?;
    let is_wanted = |release: &&CurrentRelease| match wanted {
        Some(wanted) => release.id.to_string().starts_with(wanted),
        None => current.as_ref().is_some_and(|current| release.seq < current.seq),
    };
    let missing = || LoadError::NoRelease(wanted.unwrap_or("before the current one").to_owned());
    let target = kept.iter().find(is_wanted).ok_or_else(missing)?;
    let lease = take_lease(posts, lasts, Instant::now() + lasts).await?;
    let done = posts.flip(&lease, target.seq).await;
    if let Err(error) = posts.give_back(&lease).await {
        tracing::warn!("the lease stays until it expires: {error}");
    }
    Ok(Report::RolledBack(done?))
}
