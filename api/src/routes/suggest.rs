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

/// Suggestions of each kind, unless the client says otherwise.
const LIMIT: u16 = 8;
/// Suggestions of each kind at most.
const MAX_LIMIT: u16 = 20;
/// No title is longer in any sense.
const MAX_TYPED_CHARS: usize = 100;

#[derive(Debug, Serialize)]
struct Suggestions {
    tags: Vec<SuggestedTag>,
    posts: Vec<SuggestedPost>,
}

#[derive(Debug, Serialize)]
struct SuggestedTag {
    tag: Tag,
    url: String,
    posts: usize,
}

#[derive(Debug, Serialize)]
struct SuggestedPost {
    title: String,
    url: String,
    date: Date,
}

/// `GET /suggest?q=&limit=`: tags and titles that contain what was typed so far.
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
    let compute = async {
        let found = snapshot.index.suggest(&typed, limit);
        let tag = |(tag, posts): (Tag, usize)| SuggestedTag { url: tag.url(), tag, posts };
        let post = |post: domain::PostSummary| SuggestedPost {
            url: post.path.url(),
            title: post.title,
            date: post.date,
        };
        Ok(Suggestions {
            tags: found.tags.into_iter().map(tag).collect(),
            posts: found.posts.into_iter().map(post).collect(),
        })
    };
    answer(&request, &blog, &snapshot, &key, compute).await
}
