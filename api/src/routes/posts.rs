//! Lists of posts, and one post.

use crate::answer::answer_as_of;
use crate::app::Blog;
use crate::counter::Known;
use crate::error::ApiError;
use crate::item::{Detail, Item};
use crate::parameters::{Parameters, is_encoded};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::{Cursor, PostPath, PostSummary, Tag};
use percent_encoding::percent_decode_str;
use search::{Filter, Index};
use serde::Serialize;
use std::str::FromStr;
use utoipa::ToSchema;

/// Posts on a page, unless the client says otherwise.
const PAGE: u16 = 20;
/// Posts on a page at most.
const MAX_PAGE: u16 = 100;
/// Related posts that a post names.
const RELATED: usize = 5;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PostList)]
pub(super) struct Page {
    posts: Vec<Item>,
    /// `after` of the next page; null on the last.
    #[schema(required = true, example = json!(null))]
    next: Option<String>,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum Sorting {
    /// By the instant of publication. This is what it is if it is left out.
    Newest,
    /// By views and likes, of which new ones weigh more.
    Popular,
}

impl FromStr for Sorting {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "newest" => Ok(Self::Newest),
            "popular" => Ok(Self::Popular),
            _ => Err(()),
        }
    }
}

/// One page of a list.
#[derive(Debug)]
struct Question {
    filter: Filter,
    sort: Sort,
    limit: usize,
}

/// In which order, and from where.
#[derive(Debug)]
enum Sort {
    /// Behind this place.
    Newest(Option<Cursor>),
    /// So many posts are before the page.
    Popular(usize),
}

/// Posts, newest or most popular first.
#[utoipa::path(
    get,
    path = "/api/v1/posts",
    tag = "posts",
    params(
        ("tag" = Option<String>, Query, description = "Posts with this tag.", max_length = 64,
            pattern = r"^(|(?!\s*\.{0,2}\s*$)[^/\u0000-\u001f\u007f-\u009f]+)$", example = "redis"),
        ("year" = Option<i16>, Query, description = "Posts of this year.",
            minimum = -32768, maximum = 32767, example = 2019),
        ("series" = Option<String>, Query, description = "Posts of this series."),
        ("sort" = Option<Sorting>, Query, description = "In which order."),
        ("after" = Option<String>, Query, min_length = 1,
            description = "The `next` of an earlier page with the same other parameters."),
        ("limit" = Option<u16>, Query, description = "Posts on a page; 20 if it is left out.",
            minimum = 1, maximum = 100, example = 20),
    ),
    responses((status = 200, description = "A page of posts.", body = Page))
)]
pub(super) async fn list(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    let question = Question::of(&request)?;
    let snapshot = blog.served.snapshot()?;
    let known = blog.counter.known();
    let compute = || {
        let (posts, next) = question.find(&snapshot.index, &known);
        Page { posts: posts.into_iter().map(|post| Item::counted(post, &known)).collect(), next }
    };
    let key = format!("posts:{question:?}");
    answer_as_of(&request, &blog, &snapshot, known.version, &key, compute).await
}

impl Question {
    fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let mut parameters = Parameters::of(request)?;
        let bad = |text: String| ApiError::BadParameter(text);
        let wanted = "the `next` of an earlier page, unchanged";
        let tag = parameters.text("tag")?.map(|tag| Tag::parse(&tag)).transpose();
        let sorting = parameters.parsed("sort", "`newest` or `popular`")?;
        let sort = match sorting.unwrap_or(Sorting::Newest) {
            Sorting::Newest => Sort::Newest(parameters.parsed("after", wanted)?),
            Sorting::Popular => {
                let offset = parameters.parsed::<u32>("after", wanted)?.unwrap_or(0);
                Sort::Popular(offset as usize)
            }
        };
        let filter = Filter {
            tag: tag.map_err(|error| bad(format!("`tag`: {error}")))?,
            year: parameters.parsed("year", "a year such as 2019")?,
            series: parameters.text("series")?,
        };
        let limit = parameters.limit(PAGE, MAX_PAGE)?.into();
        parameters.finish()?;
        Ok(Self { filter, sort, limit })
    }

    /// The posts of the page, and where the next one begins.
    fn find<'a>(
        &'a self,
        index: &'a Index,
        known: &Known,
    ) -> (Vec<&'a PostSummary>, Option<String>) {
        match &self.sort {
            Sort::Newest(after) => self.newest(index, after.as_ref()),
            Sort::Popular(offset) => self.popular(index, known, *offset),
        }
    }

    fn newest<'a>(
        &'a self,
        index: &'a Index,
        after: Option<&Cursor>,
    ) -> (Vec<&'a PostSummary>, Option<String>) {
        let mut listed = index.list(&self.filter, after);
        let posts: Vec<_> = listed.by_ref().take(self.limit).collect();
        let last = posts.last().filter(|_| listed.next().is_some());
        let next = last.map(|last| Cursor::from(*last).to_string());
        (posts, next)
    }

    /// What nobody has opened stands behind, newest first. A post that rises between two pages may be
    /// missed, and one that falls be there twice.
    fn popular<'a>(
        &'a self,
        index: &'a Index,
        known: &Known,
        offset: usize,
    ) -> (Vec<&'a PostSummary>, Option<String>) {
        let scored = |post: &'a PostSummary| (known.score(&post.path), post);
        let mut posts: Vec<_> = index.list(&self.filter, None).map(scored).collect();
        // Stable: equal scores stay in the order of lists.
        posts.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let end = offset.saturating_add(self.limit);
        let next = (end < posts.len()).then(|| end.to_string());
        let page = posts.into_iter().skip(offset).take(self.limit);
        (page.map(|(_, post)| post).collect(), next)
    }
}

/// One post: metadata, outline, what is beside it and what is related.
#[utoipa::path(
    get,
    path = "/api/v1/posts/{path}",
    tag = "posts",
    params(("path" = String, Path)),
    responses((status = 200, description = "The post.", body = Detail))
)]
pub(super) async fn show(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    Parameters::of(&request)?.finish()?;
    let path = path(request.path())?;
    let snapshot = blog.served.snapshot()?;
    let known = blog.counter.known();
    let index = &snapshot.index;
    let post = index.post(&path).ok_or_else(|| ApiError::PostNotFound(path.clone()))?;
    let compute = || {
        let (beside, related) = (index.neighbours(&path), index.related(&path, RELATED));
        Detail::new(post, index.detail(&path), beside, related, &known)
    };
    let key = format!("post:{path}");
    answer_as_of(&request, &blog, &snapshot, known.version, &key, compute).await
}

/// The post that has the address of something that can only be written, if there is one.
pub(super) async fn show_namesake(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let is_post =
        |path| blog.served.snapshot().is_ok_and(|served| served.index.post(path).is_some());
    match path(request.path()) {
        Ok(path) if is_post(&path) => show(request, blog).await,
        _ => Err(ApiError::MethodNotAllowed(super::WRITE)),
    }
}

/// The post's path in a request's path, which is decoded here and once: actix leaves some
/// sequences as they are.
pub(super) fn path(request_path: &str) -> Result<PostPath, ApiError> {
    let encoded = request_path.strip_prefix("/api/v1/posts/").unwrap_or_default();
    if !is_encoded(encoded) {
        return Err(ApiError::BadPath("a `%` in it encodes nothing".into()));
    }
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
        assert!(path("/api/v1/posts/100%").is_err());
    }

    proptest! {
        #[test]
        fn no_path_makes_reading_panic(text in "\\PC*|[%0-9a-fA-F./]*") {
            let _ = path(&format!("/api/v1/posts/{text}"));
        }
    }
}
