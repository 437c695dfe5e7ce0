//! Search.

use crate::answer::answer;
use crate::app::Blog;
use crate::error::ApiError;
use crate::item::Item;
use crate::parameters::Parameters;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::Tag;
use serde::Serialize;
use utoipa::ToSchema;

/// Hits on a page, unless the client says otherwise.
const PAGE: u16 = 10;
/// Hits on a page at most.
const MAX_PAGE: u16 = 50;
/// Nobody means a longer query.
const MAX_QUERY_CHARS: usize = 200;

/// One page of hits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchPage)]
pub(super) struct Page {
    /// How many posts were found in all.
    total: usize,
    /// The best first; equal ones newest first.
    hits: Vec<Hit>,
    /// What was searched for instead, if the query's own words were found nowhere and looked
    /// mistyped.
    #[schema(required = true, example = json!(null))]
    corrected: Option<String>,
    /// `after` of the next page; null on the last.
    #[schema(required = true, example = "10")]
    next: Option<String>,
}

/// One post that was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchHit)]
struct Hit {
    post: Item,
    /// Safe HTML with the query in `<mark>`.
    #[schema(example = "Redis<mark>缓存</mark>的三种写法")]
    title: String,
    /// Safe HTML with the query in `<mark>`.
    #[schema(example = "…先写<mark>缓存</mark>…")]
    snippet: String,
}

/// Posts that contain every word of a query, ranked.
///
/// Words are found inside longer ones too, in Chinese and in English, whatever their case, width or
/// accents. `"several words"` are one, `-word` must not be there, `tag:` and `year:` filter. Between
/// quotation marks `\"` is a quotation mark of the text, and `\\` a backslash.
#[utoipa::path(
    get,
    path = "/api/v1/search",
    tag = "search",
    params(
        ("q" = String, Query, description = "What to search for.", min_length = 1, max_length = 200,
            example = "缓存"),
        ("tag" = Option<String>, Query, description = "Posts with this tag.", max_length = 64,
            pattern = r"^(|(?!\s*\.{0,2}\s*$)[^/\u0000-\u001f\u007f-\u009f]+)$"),
        ("after" = Option<u16>, Query, description = "The `next` of an earlier page.", minimum = 0,
            maximum = 65535),
        ("limit" = Option<u16>, Query, description = "Hits on a page; 10 if it is left out.",
            minimum = 1, maximum = 50, example = 10),
    ),
    responses((status = 200, description = "A page of hits.", body = Page))
)]
pub(super) async fn search(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let mut parameters = Parameters::of(&request)?;
    let bad = |text: String| ApiError::BadParameter(text);
    let query = parameters.text("q")?;
    let query = query.ok_or_else(|| bad("`q` is missing: it is what to search for".into()))?;
    if query.chars().count() > MAX_QUERY_CHARS {
        return Err(bad(format!("`q` has at most {MAX_QUERY_CHARS} characters")));
    }
    let tag = parameters.text("tag")?.map(|tag| Tag::parse(&tag)).transpose();
    let tag = tag.map_err(|error| bad(format!("`tag`: {error}")))?;
    let limit = usize::from(parameters.limit(PAGE, MAX_PAGE)?);
    let wanted = "the `next` of an earlier page, unchanged";
    let offset = usize::from(parameters.parsed::<u16>("after", wanted)?.unwrap_or(0));
    parameters.finish()?;
    let snapshot = blog.served.snapshot()?;
    let key = format!("search:{query:?}:{tag:?}:{offset}:{limit}");
    let compute = || {
        let found = snapshot.index.search(&query, tag.as_ref(), offset, limit);
        let next = (offset + found.hits.len() < found.total && !found.hits.is_empty())
            .then(|| (offset + found.hits.len()).to_string());
        let hit = |hit: search::Hit| Hit {
            post: hit.post.into(),
            title: hit.title,
            snippet: hit.snippet,
        };
        let (total, corrected) = (found.total, found.corrected);
        Page { total, corrected, hits: found.hits.into_iter().map(hit).collect(), next }
    };
    answer(&request, &blog, &snapshot, &key, compute).await
}
