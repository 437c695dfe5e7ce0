//! Mounts one module a resource.

mod counters;
mod counts;
mod posts;
mod search;
mod site;
mod suggest;

use crate::error::ApiError;
use actix_web::dev::Handler;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Resource, Responder, guard};

/// All of `/api/v1`.
pub(crate) fn mount(config: &mut ServiceConfig) {
    let version_1 = web::scope("/api/v1")
        .service(read("/posts", posts::list))
        .service(write("/posts/{path:.+}/views", counters::view))
        .service(write("/posts/{path:.+}/likes", counters::like))
        .service(read("/posts/{path:.+}", posts::show))
        .service(read("/views", counters::views))
        .service(read("/tags", counts::tags))
        .service(read("/archive", counts::archive))
        .service(read("/series", counts::series))
        .service(read("/search", search::search))
        .service(read("/suggest", suggest::suggest))
        .service(read("/site", site::site))
        .service(read("/release", site::release));
    config.service(version_1).default_service(web::to(nothing));
}

/// The route that a path belongs to, for metrics.
pub(crate) fn name(path: &str) -> &'static str {
    match path.strip_prefix("/api/v1/").unwrap_or_default() {
        "posts" => "posts",
        "tags" => "tags",
        "archive" => "archive",
        "series" => "series",
        "search" => "search",
        "suggest" => "suggest",
        "site" => "site",
        "release" => "release",
        "views" => "views",
        rest if rest.starts_with("posts/") && rest.ends_with("/views") => "post_views",
        rest if rest.starts_with("posts/") && rest.ends_with("/likes") => "post_likes",
        rest if rest.starts_with("posts/") => "post",
        _ => "other",
    }
}

/// A resource that can only be read.
fn read<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
        .default_service(web::to(only_read))
}

/// A resource that can only be written. Whoever reads finds what else has this address: a post may
/// be called `views`.
fn write<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).guard(guard::Post()).route(web::post().to(handler))
}

async fn nothing() -> Result<&'static str, ApiError> {
    Err(ApiError::RouteNotFound)
}

async fn only_read() -> Result<&'static str, ApiError> {
    Err(ApiError::MethodNotAllowed)
}
