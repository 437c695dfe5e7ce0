//! Mounts one module a resource.

mod comments;
mod counters;
mod counts;
mod docs;
mod moderation;
mod posts;
mod related;
mod search;
mod site;
mod suggest;

use crate::cors;
use crate::error::ApiError;
use actix_web::dev::Handler;
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, HttpResponse, Resource, Responder, Route};
use utoipa::OpenApi;

/// Every operation that the document describes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Inkstack",
        description = "What a blog has: posts, search, counters, comments. Reading needs no key and is open to \
                       other sites; answers may get more fields.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/")),
    paths(
        posts::list,
        posts::show,
        related::related,
        related::nearest,
        counters::view,
        counters::like,
        counters::views,
        counts::tags,
        counts::archive,
        counts::series,
        search::search,
        suggest::suggest,
        site::site,
        site::release,
        comments::list,
        comments::write,
        comments::challenge,
        moderation::list,
        moderation::export,
        moderation::approve,
        moderation::delete,
        moderation::ban,
        moderation::purge,
        moderation::bans,
        moderation::pardon,
        docs::document,
    ),
    components(schemas(posts::Sorting, moderation::State)),
)]
pub(crate) struct Operations;

/// All of `/api/v1`.
pub(crate) fn mount(config: &mut ServiceConfig) {
    let version_1 = web::scope("/api/v1")
        .service(read("/posts", posts::list))
        .service(write("/posts/{path:.+}/views", counters::view))
        .service(write("/posts/{path:.+}/likes", counters::like))
        .service(read("/posts/{path:.+}/related", related::related))
        .service(others(
            reading("/posts/{path:.+}/comments", comments::list)
                .route(web::post().to(comments::write)),
            "GET, HEAD, OPTIONS, POST",
        ))
        .service(read("/posts/{path:.+}", posts::show))
        .service(read("/comments/challenge", comments::challenge))
        .service(web::scope("/admin").configure(moderate))
        .service(read("/nearest", related::nearest))
        .service(read("/views", counters::views))
        .service(read("/tags", counts::tags))
        .service(read("/archive", counts::archive))
        .service(read("/series", counts::series))
        .service(read("/search", search::search))
        .service(read("/suggest", suggest::suggest))
        .service(read("/site", site::site))
        .service(read("/release", site::release))
        .service(read("/openapi.json", docs::document))
        .service(read("/docs", docs::page))
        .service(read("/docs/page.js", docs::script))
        .service(read("/docs/page.css", docs::style))
        .default_service(web::to(nothing))
        .wrap(from_fn(cors::open_reading));
    config.service(version_1).default_service(web::to(nothing));
}

/// What only whoever looks after the blog may do.
fn moderate(config: &mut ServiceConfig) {
    let only = |path: &str, route: Route, allow| others(web::resource(path).route(route), allow);
    config
        .service(others(
            reading("/comments", moderation::list).route(web::delete().to(moderation::purge)),
            "DELETE, GET, HEAD, OPTIONS",
        ))
        .service(read("/comments/export", moderation::export))
        .service(only("/comments/{id}", web::delete().to(moderation::delete), "DELETE, OPTIONS"))
        .service(only("/comments/{id}/approve", web::post().to(moderation::approve), WRITE))
        .service(only("/comments/{id}/ban", web::post().to(moderation::ban), WRITE))
        .service(read("/bans", moderation::bans))
        .service(only("/bans/{sender}", web::delete().to(moderation::pardon), "DELETE, OPTIONS"));
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
        "nearest" => "nearest",
        "site" => "site",
        "release" => "release",
        "views" => "views",
        "comments/challenge" => "challenge",
        "openapi.json" | "docs" | "docs/page.js" | "docs/page.css" => "docs",
        rest if rest.starts_with("posts/") && rest.ends_with("/views") => "post_views",
        rest if rest.starts_with("posts/") && rest.ends_with("/likes") => "post_likes",
        rest if rest.starts_with("posts/") && rest.ends_with("/related") => "post_related",
        rest if rest.starts_with("posts/") && rest.ends_with("/comments") => "post_comments",
        rest if rest.starts_with("posts/") => "post",
        rest if rest.starts_with("admin/") => "admin",
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
    others(reading(path, handler), "GET, HEAD, OPTIONS")
}

/// A resource that can only be written, below a post's address. Another post may have this very
/// address; whoever reads finds that one.
fn write<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    others(reading(path, posts::show_namesake).route(web::post().to(handler)), WRITE)
}

/// What a resource that can only be written allows.
const WRITE: &str = "OPTIONS, POST";

fn reading<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(web::get().to(handler.clone())).route(web::head().to(handler))
}

/// What to say to every other method.
fn others(resource: Resource, allow: &'static str) -> Resource {
    resource
        .route(web::method(Method::OPTIONS).to(move || async move { cors::options(allow) }))
        .default_service(web::to(move || async move {
            Err::<HttpResponse, _>(ApiError::MethodNotAllowed(allow))
        }))
}

async fn nothing() -> Result<&'static str, ApiError> {
    Err(ApiError::RouteNotFound)
}
