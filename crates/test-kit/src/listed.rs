//! What a reader of a store sees.

use domain::{Post, PostReader};

/// The [`brevs`] of what `posts` shows now, newest first.
///
/// # Panics
///
/// If the store does not answer.
pub async fn listed(posts: &dyn PostReader) -> Vec<String> {
    let Some(current) = posts.current().await.expect("an answer") else { return Vec::new() };
    let versions = posts.versions(current.seq).await.expect("an answer");
    let paths: Vec<_> = versions.into_iter().map(|version| version.path).collect();
    let mut found = posts.some(current.seq, &paths).await.expect("an answer");
    found.sort_by(|one, other| one.summary.newest_first(&other.summary));
    brevs(&found)
}

/// The summaries of `posts`, which name their versions.
#[must_use]
pub fn brevs(posts: &[Post]) -> Vec<String> {
    posts.iter().map(|post| post.summary.brev.clone()).collect()
}
