//! The blog as a whole, and the release that is served.

use crate::answer::answer;
use crate::app::Blog;
use crate::error::ApiError;
use crate::item::Release;
use crate::parameters::Parameters;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

/// The blog as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Site {
    /// Its name.
    #[schema(example = "墨栈")]
    title: String,
    /// How many there are.
    #[schema(example = 287)]
    posts: u64,
    /// How many there are.
    #[schema(example = 64)]
    tags: usize,
    /// How many there are.
    #[schema(example = 4)]
    series: usize,
}

/// Name and counts.
#[utoipa::path(
    get,
    path = "/api/v1/site",
    tag = "about",
    responses((status = 200, description = "The blog.", body = Site))
)]
pub(super) async fn site(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    Parameters::of(&request)?.finish()?;
    let snapshot = blog.served.snapshot()?;
    let index = &snapshot.index;
    let compute = || Site {
        title: blog.site_title.clone(),
        posts: snapshot.release.posts,
        tags: index.tags().len(),
        series: index.series().len(),
    };
    answer(&request, &blog, &snapshot, "site", compute).await
}

/// Which release is served.
#[utoipa::path(
    get,
    path = "/api/v1/release",
    tag = "about",
    responses((status = 200, description = "The release.", body = Release))
)]
pub(super) async fn release(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    Parameters::of(&request)?.finish()?;
    let snapshot = blog.served.snapshot()?;
    let compute = || Release::from(&snapshot.release);
    answer(&request, &blog, &snapshot, "release", compute).await
}
