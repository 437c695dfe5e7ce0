//! What else to read: posts related to one, and posts near an address that leads nowhere.

use crate::answer::answer;
use crate::app::Blog;
use crate::error::ApiError;
use crate::item::Item;
use crate::parameters::Parameters;
use crate::routes::posts;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::PostPath;
use serde::Serialize;
use utoipa::ToSchema;

/// Posts, unless the client says otherwise.
const LIMIT: u16 = 5;
/// Posts at most.
const MAX_LIMIT: u16 = 20;
const _: () = assert!(MAX_LIMIT as usize <= search::MAX_RELATED);

/// Posts, the best first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundPosts)]
pub(super) struct Found {
    posts: Vec<Item>,
}

/// Posts that have most in common with one, in text and tags.
///
/// If a post has this very address, it is that post.
#[utoipa::path(
    get,
    path = "/api/v1/posts/{path}/related",
    tag = "posts",
    params(
        ("path" = String, Path),
        ("limit" = Option<u16>, Query, description = "Posts; 5 if it is left out.",
            minimum = 1, maximum = 20, example = 5),
    ),
    responses((status = 200, description = "The posts, the most related first.", body = Found))
)]
pub(super) async fn related(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let snapshot = blog.served.snapshot()?;
    let is_post = |path: &PostPath| snapshot.index.post(path).is_some();
    if posts::path(request.path()).is_ok_and(|path| is_post(&path)) {
        return posts::show(request, blog).await;
    }
    let mut parameters = Parameters::of(&request)?;
    let limit = usize::from(parameters.limit(LIMIT, MAX_LIMIT)?);
    parameters.finish()?;
    let path = posts::path(request.path().strip_suffix("/related").unwrap_or_default())?;
    if !is_post(&path) {
        return Err(ApiError::PostNotFound(path));
    }
    let compute = || {
        let related = snapshot.index.related(&path, limit).into_iter().cloned();
        Found { posts: related.map(Item::from).collect() }
    };
    answer(&request, &blog, &snapshot, &format!("related:{limit}:{path}"), compute).await
}

/// Posts whose addresses look like one that leads nowhere.
#[utoipa::path(
    get,
    path = "/api/v1/nearest",
    tag = "search",
    params(
        ("path" = String, Query, description = "The path that was not found, decoded; at most 512 bytes.",
            min_length = 1, max_length = 512, example = "/blog/redis"),
        ("limit" = Option<u16>, Query, description = "Posts; 5 if it is left out.",
            minimum = 1, maximum = 20, example = 5),
    ),
    responses((status = 200, description = "The posts, the likest first; none if none is alike.", body = Found))
)]
pub(super) async fn nearest(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let mut parameters = Parameters::of(&request)?;
    let bad = |text: String| ApiError::BadParameter(text);
    let path = parameters.text("path")?;
    let path = path.ok_or_else(|| bad("`path` is missing: it is what was not found".into()))?;
    if path.len() > PostPath::MAX_BYTES {
        return Err(bad(format!("`path` has at most {} bytes", PostPath::MAX_BYTES)));
    }
    let limit = usize::from(parameters.limit(LIMIT, MAX_LIMIT)?);
    parameters.finish()?;
    let snapshot = blog.served.snapshot()?;
    let compute = || {
        let nearest = snapshot.index.near(&path, limit).into_iter().cloned();
        Found { posts: nearest.map(Item::from).collect() }
    };
    answer(&request, &blog, &snapshot, &format!("nearest:{limit}:{path:?}"), compute).await
}
