//! Views and likes.

use crate::answer::answer_as_of;
use crate::app::Blog;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::routes::posts;
use crate::visitor;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::{Counted, Day, Hit, PostPath};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Posts whose counts can be asked for at once.
const MAX_PATHS: usize = 100;

/// What became of a view or a like.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Outcome {
    /// Whether it was counted: nobody is twice on one day, and robots never.
    counted: bool,
}

/// Views and likes of posts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Views {
    posts: Vec<PostViews>,
}

/// Views and likes of one post.
#[derive(Debug, Serialize, ToSchema)]
struct PostViews {
    #[schema(value_type = String, pattern = r"\.md$", example = "blog/2019/191014-Redis缓存.md")]
    path: PostPath,
    /// Visitors and days on which it was opened.
    #[schema(example = 128)]
    views: u64,
    /// Visitors and days on which it was liked.
    #[schema(example = 3)]
    likes: u64,
}

/// Somebody reads the post.
///
/// Nobody is counted twice on one day, and robots never.
#[utoipa::path(
    post,
    path = "/api/v1/posts/{path}/views",
    tag = "counters",
    params(("path" = String, Path)),
    responses((status = 200, description = "Whether it was counted.", body = Outcome))
)]
pub(super) async fn view(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    count(&request, &blog, Counted::View, "/views").await
}

/// Somebody likes the post.
///
/// Nobody is counted twice on one day, and robots never.
#[utoipa::path(
    post,
    path = "/api/v1/posts/{path}/likes",
    tag = "counters",
    params(("path" = String, Path)),
    responses((status = 200, description = "Whether it was counted.", body = Outcome))
)]
pub(super) async fn like(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    count(&request, &blog, Counted::Like, "/likes").await
}

async fn count(
    request: &HttpRequest,
    blog: &Blog,
    counted: Counted,
    suffix: &str,
) -> Result<HttpResponse, ApiError> {
    Parameters::of(request)?.finish()?;
    visitor::check_site(request)?;
    let path = posts::path(request.path().strip_suffix(suffix).unwrap_or_default())?;
    if blog.served.snapshot()?.index.post(&path).is_none() {
        return Err(ApiError::PostNotFound(path));
    }
    let is_counted = !visitor::is_robot(request) && {
        let day = Day::of(Timestamp::now());
        let visitor = visitor::hash(request, &blog.counter.salt(day).await?);
        let most_per_minute = blog.writes_per_minute;
        blog.counter.hit(&Hit { path, counted, visitor, day, most_per_minute }).await?
    };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(answer.json(Outcome { counted: is_counted }))
}

/// Views and likes of posts, in the order in which they were asked for.
#[utoipa::path(
    get,
    path = "/api/v1/views",
    tag = "counters",
    params(
        ("path" = Vec<String>, Query, explode, description = "Paths of posts, with or without `.md`.",
            min_items = 1, max_items = 100, example = json!(["blog/2019/191014-Redis缓存"])),
    ),
    responses((status = 200, description = "A post that is not there has none.", body = Views))
)]
pub(super) async fn views(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let mut parameters = Parameters::of(&request)?;
    let paths = parameters.all("path");
    parameters.finish()?;
    if paths.is_empty() || paths.len() > MAX_PATHS {
        let wanted = format!("`path` is there from 1 to {MAX_PATHS} times");
        return Err(ApiError::BadParameter(wanted));
    }
    let bad = |error| ApiError::BadParameter(format!("`path`: {error}"));
    let paths = paths.iter().map(|path| PostPath::from_route(path).map_err(bad));
    let paths = paths.collect::<Result<Vec<_>, _>>()?;
    let snapshot = blog.served.snapshot()?;
    let known = blog.counter.known();
    let key = format!("views:{paths:?}");
    let compute = || {
        let counts = |path: PostPath| {
            let counts = known.counts(&path);
            PostViews { path, views: counts.views, likes: counts.likes }
        };
        Views { posts: paths.into_iter().map(counts).collect() }
    };
    answer_as_of(&request, &blog, &snapshot, known.version, &key, compute).await
}
