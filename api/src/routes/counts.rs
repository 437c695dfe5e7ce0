//! Tags, years and series with their counts.

use crate::answer::answer;
use crate::app::Blog;
use crate::error::ApiError;
use crate::parameters::Parameters;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::Tag;
use serde::Serialize;
use utoipa::ToSchema;

/// Every tag, the most used first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tags {
    tags: Vec<TagCount>,
}

/// A tag and its number of posts.
#[derive(Debug, Serialize, ToSchema)]
struct TagCount {
    #[schema(value_type = String, example = "redis")]
    tag: Tag,
    #[schema(minimum = 1, example = 7)]
    posts: usize,
}

/// Every year that has posts, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Archive {
    years: Vec<YearCount>,
}

/// A year and its number of posts.
#[derive(Debug, Serialize, ToSchema)]
struct YearCount {
    /// In the blog's time zone.
    #[schema(example = 2019)]
    year: i16,
    #[schema(minimum = 1, example = 52)]
    posts: usize,
}

/// Every series, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Series {
    series: Vec<SeriesCount>,
}

/// A series and its number of posts.
#[derive(Debug, Serialize, ToSchema)]
struct SeriesCount {
    #[schema(example = "数据库笔记")]
    series: String,
    #[schema(minimum = 1, example = 5)]
    posts: usize,
}

/// Every tag, the most used first.
#[utoipa::path(
    get,
    path = "/api/v1/tags",
    tag = "posts",
    responses((status = 200, description = "All of them.", body = Tags))
)]
pub(super) async fn tags(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    Parameters::of(&request)?.finish()?;
    let snapshot = blog.served.snapshot()?;
    let compute = || {
        let count = |(tag, posts): (&Tag, usize)| TagCount { tag: tag.clone(), posts };
        Tags { tags: snapshot.index.tags().map(count).collect() }
    };
    answer(&request, &blog, &snapshot, "tags", compute).await
}

/// Every year, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/archive",
    tag = "posts",
    responses((status = 200, description = "All of them.", body = Archive))
)]
pub(super) async fn archive(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    Parameters::of(&request)?.finish()?;
    let snapshot = blog.served.snapshot()?;
    let compute = || {
        let count = |(year, posts)| YearCount { year, posts };
        Archive { years: snapshot.index.years().map(count).collect() }
    };
    answer(&request, &blog, &snapshot, "archive", compute).await
}

/// Every series, by name.
#[utoipa::path(
    get,
    path = "/api/v1/series",
    tag = "posts",
    responses((status = 200, description = "All of them.", body = Series))
)]
pub(super) async fn series(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    Parameters::of(&request)?.finish()?;
    let snapshot = blog.served.snapshot()?;
    let compute = || {
        let count =
            |(series, posts): (&str, usize)| SeriesCount { series: series.to_owned(), posts };
        Series { series: snapshot.index.series().map(count).collect() }
    };
    answer(&request, &blog, &snapshot, "series", compute).await
}
