//! What a reader may be about to type.

use crate::answer::answer;
use crate::app::Blog;
use crate::error::ApiError;
use crate::parameters::Parameters;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::Tag;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

/// Suggestions of each kind, unless the client says otherwise.
const LIMIT: u16 = 8;
/// Suggestions of each kind at most.
const MAX_LIMIT: u16 = 20;
/// No title is longer in any sense.
const MAX_TYPED_CHARS: usize = 100;

/// What a reader may be about to type.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Suggestions {
    tags: Vec<SuggestedTag>,
    posts: Vec<SuggestedPost>,
}

/// A tag that contains what was typed.
#[derive(Debug, Serialize, ToSchema)]
struct SuggestedTag {
    #[schema(value_type = String, example = "redis")]
    tag: Tag,
    /// Where its page is.
    #[schema(example = "/tags/redis")]
    url: String,
    /// Posts that carry it.
    #[schema(example = 7)]
    posts: usize,
}

/// A post whose title contains what was typed.
#[derive(Debug, Serialize, ToSchema)]
struct SuggestedPost {
    /// Plain text.
    #[schema(example = "Redis缓存的三种写法")]
    title: String,
    /// Where its page is.
    #[schema(example = "/blog/2019/191014-Redis%E7%BC%93%E5%AD%98")]
    url: String,
    #[schema(value_type = String, format = Date, example = "2019-10-14")]
    date: Date,
}

/// Tags and titles that contain what was typed so far.
#[utoipa::path(
    get,
    path = "/api/v1/suggest",
    tag = "search",
    params(
        ("q" = String, Query, description = "What was typed so far.", min_length = 1, max_length = 100,
            example = "red"),
        ("limit" = Option<u16>, Query, description = "Suggestions of each kind; 8 if it is left out.",
            minimum = 1, maximum = 20, example = 8),
    ),
    responses((status = 200, description = "The suggestions.", body = Suggestions))
)]
pub(super) async fn suggest(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let mut parameters = Parameters::of(&request)?;
    let missing = || ApiError::BadParameter("`q` is missing: it is what was typed so far".into());
    let typed = parameters.text("q")?.ok_or_else(missing)?;
    if typed.chars().count() > MAX_TYPED_CHARS {
        let detail = format!("`q` has at most {MAX_TYPED_CHARS} characters");
        return Err(ApiError::BadParameter(detail));
    }
    let limit = usize::from(parameters.limit(LIMIT, MAX_LIMIT)?);
    parameters.finish()?;
    let snapshot = blog.served.snapshot()?;
    let key = format!("suggest:{typed:?}:{limit}");
    let compute = || {
        let found = snapshot.index.suggest(&typed, limit);
        let tag = |(tag, posts): (Tag, usize)| SuggestedTag { url: tag.url(), tag, posts };
        let post = |post: domain::PostSummary| SuggestedPost {
            url: post.path.url(),
            title: post.title,
            date: post.date,
        };
        Suggestions {
            tags: found.tags.into_iter().map(tag).collect(),
            posts: found.posts.into_iter().map(post).collect(),
        }
    };
    answer(&request, &blog, &snapshot, &key, compute).await
}
