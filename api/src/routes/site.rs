//! The blog as a whole, and the release that is served.

use crate::answer::answer;
use crate::app::Blog;
use crate::error::ApiError;
use crate::item::Release;
use crate::parameters::Parameters;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Site {
    title: String,
    posts: u64,
    tags: usize,
    series: usize,
}

/// `GET /site`: name and counts.
pub(super) async fn site(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    Parameters::of(&request)?.finish()?;
    let snapshot = blog.served.snapshot()?;
    let release = &snapshot.release;
    let compute = async {
        Ok(Site {
            title: blog.site_title.clone(),
            posts: release.posts,
            tags: blog.posts.tags(release.seq).await?.len(),
            series: blog.posts.series(release.seq).await?.len(),
        })
    };
    answer(&request, &blog, &snapshot, "site", compute).await
}

/// `GET /release`: which release is served.
pub(super) async fn release(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    Parameters::of(&request)?.finish()?;
    let snapshot = blog.served.snapshot()?;
    let compute = async { Ok(Release::from(&snapshot.release)) };
    answer(&request, &blog, &snapshot, "release", compute).await
}
