//! How every answer is found: known to the client, kept in a cache, or computed.

use crate::app::Blog;
use crate::error::ApiError;
use crate::openapi;
use crate::snapshot::Snapshot;
use actix_web::http::header::{self, EntityTag, Header, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse};
use domain::{Cache, CurrentRelease};
use serde::Serialize;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// Keys contain the release, so an answer is right for as long as anybody may ask for it.
const KEPT: Duration = Duration::from_hours(1);
/// Browsers ask again each time, which costs a 304.
const CACHE_CONTROL: &str = "public, no-cache";

/// Answers with what `compute` gives, unless the answer is known. `key` names the question: two
/// requests with one key have one answer within a release.
pub(crate) async fn answer<T: Serialize>(
    request: &HttpRequest,
    blog: &Blog,
    snapshot: &Snapshot,
    key: &str,
    compute: impl Future<Output = Result<T, ApiError>>,
) -> Result<HttpResponse, ApiError> {
    answer_as_of(request, blog, snapshot, 0, key, compute).await
}

/// As [`answer`], for what shows views and likes too, as of `counts`, a version of them.
pub(crate) async fn answer_as_of<T: Serialize>(
    request: &HttpRequest,
    blog: &Blog,
    snapshot: &Snapshot,
    counts: i64,
    key: &str,
    compute: impl Future<Output = Result<T, ApiError>>,
) -> Result<HttpResponse, ApiError> {
    let edition = edition(&snapshot.release, counts, &blog.site_title);
    let etag = EntityTag::new_strong(edition.clone());
    let mut response = HttpResponse::Ok();
    response.insert_header((header::ETAG, etag.to_string()));
    response.insert_header((header::CACHE_CONTROL, CACHE_CONTROL));
    response.insert_header(("x-release", snapshot.release.id.to_string()));
    // Nobody knows the tag who was not answered 200 under this address and release.
    if is_known(request, &etag) {
        return Ok(response.status(actix_web::http::StatusCode::NOT_MODIFIED).finish());
    }
    response.content_type("application/json; charset=utf-8");
    let key = format!("inkstack:{edition}:{key}");
    let (nearest, others) = blog.caches.split_at(blog.caches.len().min(1));
    if let Some(body) = kept(blog, nearest, &key).await {
        return Ok(response.body(body));
    }
    let land = async {
        if let Some(body) = kept(blog, others, &key).await {
            keep(nearest, &key, &body).await;
            return Ok(body.into());
        }
        let computed = compute.await.inspect_err(|error| blog.metrics.failed(error))?;
        let body = serde_json::to_vec(&computed);
        let body = body.unwrap_or_else(|_| unreachable!("answers are plain data"));
        keep(&blog.caches, &key, &body).await;
        Ok(body.into())
    };
    let body = blog.flights.join(&key, land).await?;
    Ok(response.body(body.to_vec()))
}

/// Answers with what `compute` gives now, which belongs to no release and is kept nowhere. Many who
/// ask at once get one answer.
pub(crate) async fn answer_anew<T: Serialize>(
    request: &HttpRequest,
    blog: &Blog,
    key: &str,
    compute: impl Future<Output = Result<T, ApiError>>,
) -> Result<HttpResponse, ApiError> {
    let land = async {
        let computed = compute.await.inspect_err(|error| blog.metrics.failed(error))?;
        let body = serde_json::to_vec(&computed);
        Ok(body.unwrap_or_else(|_| unreachable!("answers are plain data")).into())
    };
    let body = blog.flights.join(key, land).await?;
    let hash = blake3::hash(&body).to_hex();
    let etag = EntityTag::new_strong(hash[..32].to_owned());
    let mut response = HttpResponse::Ok();
    response.insert_header((header::ETAG, etag.to_string()));
    response.insert_header((header::CACHE_CONTROL, CACHE_CONTROL));
    if is_known(request, &etag) {
        return Ok(response.status(actix_web::http::StatusCode::NOT_MODIFIED).finish());
    }
    Ok(response.content_type("application/json; charset=utf-8").body(body.to_vec()))
}

/// What the nearest of `caches` has that has it; those before it are told.
async fn kept(blog: &Blog, caches: &[Arc<dyn Cache>], key: &str) -> Option<Vec<u8>> {
    for (index, cache) in caches.iter().enumerate() {
        let found = cache.get(key).await;
        blog.metrics.looked_up(&**cache, found.is_some());
        if let Some(body) = found {
            keep(&caches[..index], key, &body).await;
            return Some(body);
        }
    }
    None
}

async fn keep(caches: &[Arc<dyn Cache>], key: &str, body: &[u8]) {
    for cache in caches {
        cache.put(key, body, KEPT).await;
    }
}

/// All that an answer is made of beside the question: the release, the version of this program,
/// which may answer in another way than the last, the counts, and the one setting that answers show.
fn edition(release: &CurrentRelease, counts: i64, site_title: &str) -> String {
    // Its keys are fixed, so replicas agree.
    let mut hasher = DefaultHasher::new();
    (env!("CARGO_PKG_VERSION"), openapi::digest(), site_title, counts).hash(&mut hasher);
    format!("{}-{}-{:016x}", release.id.short(), release.seq, hasher.finish())
}

fn is_known(request: &HttpRequest, etag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(etag)),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ReleaseSeq;

    #[test]
    fn another_release_number_count_or_title_is_another_edition() {
        let release = |number: u8, seq| CurrentRelease {
            seq: ReleaseSeq(seq),
            id: test_kit::release_id(number),
            posts: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        let first = edition(&release(1, 1), 0, "ink");

        assert_eq!(first, edition(&release(1, 1), 0, "ink"));
        assert_ne!(first, edition(&release(1, 1), 1, "ink"));
        for other in [(1, 1, "墨"), (1, 2, "ink"), (2, 1, "ink")] {
            assert_ne!(first, edition(&release(other.0, other.1), 0, other.2), "{other:?}");
        }
    }
}
