//! How every answer is found: known to the client, kept in a cache, or computed.

use crate::app::Blog;
use crate::error::ApiError;
use crate::snapshot::Snapshot;
use actix_web::http::header::{self, EntityTag, Header, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse};
use domain::Cache;
use serde::Serialize;
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
    // Another version of this program may answer the same question in another way.
    let edition = format!("{}-{}", snapshot.release.id.short(), env!("CARGO_PKG_VERSION"));
    let etag = EntityTag::new_strong(format!("{edition}-{}", snapshot.release.seq));
    let mut response = HttpResponse::Ok();
    response.insert_header((header::ETAG, etag.to_string()));
    response.insert_header((header::CACHE_CONTROL, CACHE_CONTROL));
    response.insert_header(("x-release", snapshot.release.id.to_string()));
    // Nobody knows the tag who was not answered 200 under this address and release.
    if is_known(request, &etag) {
        return Ok(response.status(actix_web::http::StatusCode::NOT_MODIFIED).finish());
    }
    response.content_type("application/json; charset=utf-8");
    let key = format!("inkstack:{edition}-{}:{key}", snapshot.release.seq);
    if let Some(body) = kept(&blog.caches, &key).await {
        return Ok(response.body(body));
    }
    let body = serde_json::to_vec(&compute.await?);
    let body = body.unwrap_or_else(|_| unreachable!("answers are plain data"));
    keep(&blog.caches, &key, &body).await;
    Ok(response.body(body))
}

/// What the nearest cache has that has it; those before it are told.
async fn kept(caches: &[Arc<dyn Cache>], key: &str) -> Option<Vec<u8>> {
    for (index, cache) in caches.iter().enumerate() {
        if let Some(body) = cache.get(key).await {
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

fn is_known(request: &HttpRequest, etag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(etag)),
        Err(_) => false,
    }
}
