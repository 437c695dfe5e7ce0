//! Answers in caches, and as of which counts they are.

use crate::app::Blog;
use actix_web::web::Bytes;
use domain::Cache;
use std::sync::Arc;
use std::time::Duration;

/// Keys contain the release, so an answer is right for as long as anybody may ask for it.
const LASTS: Duration = Duration::from_hours(1);

/// An answer's body, which shows views and likes as of `counts`, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) counts: i64,
    pub(crate) body: Bytes,
}

impl Kept {
    /// What the nearest of `caches` has as of `counts`; those before it are told.
    pub(crate) async fn find(
        blog: &Blog,
        caches: &[Arc<dyn Cache>],
        key: &str,
        counts: i64,
    ) -> Option<Self> {
        for (index, cache) in caches.iter().enumerate() {
            let found = cache.get(key).await.and_then(Self::from_bytes);
            let found = found.filter(|kept| kept.counts == counts);
            blog.metrics.looked_up(&**cache, found.is_some());
            if let Some(kept) = found {
                kept.keep(&caches[..index], key).await;
                return Some(kept);
            }
        }
        None
    }

    /// Puts it into `caches`, where it takes the place of what was there as of other counts.
    pub(crate) async fn keep(&self, caches: &[Arc<dyn Cache>], key: &str) {
        if caches.is_empty() {
            return;
        }
        let bytes = self.to_bytes();
        for cache in caches {
            cache.put(key, &bytes, LASTS).await;
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        [&self.counts.to_be_bytes()[..], &self.body].concat()
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let counts = i64::from_be_bytes(*bytes.first_chunk()?);
        Some(Self { counts, body: Bytes::from(bytes).slice(size_of::<i64>()..) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_back_as_it_was_kept() {
        for (counts, body) in [(0, &b""[..]), (i64::MAX, b"{}"), (-1, "墨".as_bytes())] {
            let kept = Kept { counts, body: Bytes::from_static(body) };
            assert_eq!(Kept::from_bytes(kept.to_bytes()), Some(kept));
        }
        assert_eq!(Kept::from_bytes(b"{}".to_vec()), None, "a cache may hold anything");
    }
}
