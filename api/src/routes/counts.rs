//! Tags, years and series with their counts.

use crate::answer::answer;
use crate::app::Blog;
use crate::error::ApiError;
use crate::parameters::Parameters;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::{SeriesCount, TagCount, YearCount};
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Tags {
    tags: Vec<TagCount>,
}

#[derive(Debug, Serialize)]
struct Archive {
    years: Vec<YearCount>,
}

#[derive(Debug, Serialize)]
struct Series {
    series: Vec<SeriesCount>,
}

/// `GET /tags`: every tag, the most used first.
pub(super) async fn tags(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    Parameters::of(&request)?.finish()?;
    let snapshot = blog.served.snapshot()?;
    let compute = async { Ok(Tags { tags: blog.posts.tags(snapshot.release.seq).await? }) };
    answer(&request, &blog, &snapshot, "tags", compute).await
}

/// `GET /archive`: every year, the newest first.
pub(super) async fn archive(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    Parameters::of(&request)?.finish()?;
    let snapshot = blog.served.snapshot()?;
    let compute = async { Ok(Archive { years: blog.posts.years(snapshot.release.seq).await? }) };
    answer(&request, &blog, &snapshot, "archive", compute).await
}

/// `GET /series`: every series, by name.
pub(super) async fn series(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    Parameters::of(&request)?.finish()?;
    let snapshot = blog.served.snapshot()?;
    let compute = async { Ok(Series { series: blog.posts.series(snapshot.release.seq).await? }) };
    answer(&request, &blog, &snapshot, "series", compute).await
}
