//! Lists of posts, and one post.

use crate::answer::answer;
use crate::app::Blog;
use crate::error::ApiError;
use crate::item::{Detail, Item};
use crate::parameters::Parameters;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::{Cursor, PostPath, PostQuery, Tag};
use percent_encoding::percent_decode_str;
use serde::Serialize;

/// Posts on a page, unless the client says otherwise.
const PAGE: u16 = 20;
/// Posts on a page at most.
const MAX_PAGE: u16 = 100;

/// One page of a list.
#[derive(Debug, Serialize)]
struct Page {
    posts: Vec<Item>,
    /// `after` of the next page; null on the last.
    next: Option<String>,
}

/// `GET /posts?tag=&year=&series=&sort=&after=&limit=`: posts, newest first.
pub(super) async fn list(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    let query = query(&request)?;
    let snapshot = blog.served.snapshot()?;
    let key = format!("posts:{query:?}");
    let compute = async {
        // One more tells whether there is a next page.
        let wanted = PostQuery { limit: query.limit + 1, ..query.clone() };
        let mut posts = blog.posts.list(snapshot.release.seq, &wanted).await?;
        let is_last = posts.len() <= usize::from(query.limit);
        posts.truncate(query.limit.into());
        let next = posts.last().filter(|_| !is_last).map(|last| Cursor::from(last).to_string());
        Ok(Page { posts: posts.into_iter().map(Item::from).collect(), next })
    };
    answer(&request, &blog, &snapshot, &key, compute).await
}

/// `GET /posts/{path}`: one post, by its path with or without `.md`.
pub(super) async fn show(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    Parameters::of(&request)?.finish()?;
    let path = path(request.path())?;
    let snapshot = blog.served.snapshot()?;
    let key = format!("post:{path}");
    let compute = async {
        let found = blog.posts.find(snapshot.release.seq, &path).await?;
        let post = found.ok_or_else(|| ApiError::PostNotFound(path.clone()))?;
        let beside = blog.posts.neighbours(snapshot.release.seq, &post.summary).await?;
        Ok(Detail::new(post, beside))
    };
    answer(&request, &blog, &snapshot, &key, compute).await
}

fn query(request: &HttpRequest) -> Result<PostQuery, ApiError> {
    let mut parameters = Parameters::of(request)?;
    let bad = |text: String| ApiError::BadParameter(text);
    let tag = parameters.text("tag")?.map(|tag| Tag::parse(&tag)).transpose();
    let sort = parameters.text("sort")?;
    if sort.is_some_and(|sort| sort != "newest") {
        return Err(bad("`sort` is `newest`".into()));
    }
    let query = PostQuery {
        tag: tag.map_err(|error| bad(format!("`tag`: {error}")))?,
        year: parameters.parsed("year", "a year such as 2019")?,
        series: parameters.text("series")?,
        after: parameters.parsed("after", "the `next` of an earlier page, unchanged")?,
        limit: parameters.limit(PAGE, MAX_PAGE)?,
    };
    parameters.finish()?;
    Ok(query)
}

/// The post's path in a request's path, which is decoded here and once: actix leaves some
/// sequences as they are.
fn path(request_path: &str) -> Result<PostPath, ApiError> {
    let encoded = request_path.strip_prefix("/api/v1/posts/").unwrap_or_default();
    let decoded = percent_decode_str(encoded).decode_utf8();
    let decoded = decoded.map_err(|_| ApiError::BadPath("it is not UTF-8".into()))?;
    PostPath::from_route(&decoded).map_err(|error| ApiError::BadPath(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_is_decoded_once() {
        let read = |text: &str| path(&format!("/api/v1/posts/{text}")).unwrap().to_string();

        assert_eq!(read("blog/%E5%A2%A8%E6%A0%88"), "blog/墨栈.md");
        assert_eq!(read("blog/100%2525.md"), "blog/100%25.md");
        assert!(path("/api/v1/posts/%2e%2e/x").is_err());
        assert!(path("/api/v1/posts/%FF").is_err());
    }

    proptest! {
        #[test]
        fn no_path_makes_reading_panic(text in "\\PC*|[%0-9a-fA-F./]*") {
            let _ = path(&format!("/api/v1/posts/{text}"));
        }
    }
}
