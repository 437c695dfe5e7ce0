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

/// Hits on a page, unless the client says otherwise.
const PAGE: u16 = 10;
/// Hits on a page at most.
const MAX_PAGE: u16 = 50;
/// Nobody means a longer query.
const MAX_QUERY_CHARS: usize = 200;

#[derive(Debug, Serialize)]
struct Page {
    /// How many posts were found in all.
    total: usize,
    hits: Vec<Hit>,
    /// What was searched for instead, if the query's own words were found nowhere and looked
    /// mistyped.
    corrected: Option<String>,
    /// `after` of the next page; null on the last.
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct Hit {
    post: Item,
    /// Safe HTML with the query in `<mark>`.
    title: String,
    /// Safe HTML with the query in `<mark>`.
    snippet: String,
}

/// `GET /search?q=&tag=&limit=&after=`: ranked hits.
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
    let compute = async {
        let found = snapshot.index.search(&query, tag.as_ref(), offset, limit);
        let next = (offset + found.hits.len() < found.total && !found.hits.is_empty())
            .then(|| (offset + found.hits.len()).to_string());
        let hit = |hit: search::Hit| Hit {
            post: hit.post.into(),
            title: hit.title,
            snippet: hit.snippet,
        };
        let (total, corrected) = (found.total, found.corrected);
        Ok(Page { total, corrected, hits: found.hits.into_iter().map(hit).collect(), next })
    };
    answer(&request, &blog, &snapshot, &key, compute).await
}
