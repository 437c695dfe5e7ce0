//! Comments as whoever moderates them sees them. Every operation wants the token.

use crate::app::Blog;
use crate::comments::Comments;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::routes::comments::{next_page, now};
use actix_web::http::header;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use domain::{
    Comment, CommentPlace, CommentQuery, CommentState, CommentStore, PostPath, Sender, StoreError,
};
use futures_util::stream;
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Comments on a page, unless the client says otherwise.
const PAGE: u16 = 50;
/// Comments on a page at most, and at a time in an export.
const MAX_PAGE: u16 = 500;

/// One page of comments, whatever their state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModeratedComments)]
pub(super) struct Page {
    /// The oldest first.
    comments: Vec<Moderated>,
    /// `after` of the next page; null on the last.
    #[schema(required = true, example = json!(null))]
    next: Option<String>,
}

/// A comment with what only moderators see.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModeratedComment)]
struct Moderated {
    #[schema(pattern = "^[0-9a-f]{32}$", example = "0123456789abcdef0123456789abcdef")]
    id: String,
    /// The post below which it stands, which may have vanished.
    #[schema(value_type = String, example = "blog/2019/191014-Redis缓存.md")]
    path: PostPath,
    #[schema(example = "墨客")]
    author: String,
    #[schema(example = "Thank you, that was it!")]
    text: String,
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T08:00:00Z")]
    at: Timestamp,
    /// `held` or `approved`.
    #[schema(example = "held")]
    state: &'static str,
    /// A keyed hash of the address from which it came.
    #[schema(pattern = "^[0-9a-f]{32}$", example = "0123456789abcdef0123456789abcdef")]
    sender: String,
}

/// Who may not write.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Bans {
    bans: Vec<Ban>,
}

/// Somebody who may not write.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ban {
    /// As comments name them.
    #[schema(pattern = "^[0-9a-f]{32}$", example = "0123456789abcdef0123456789abcdef")]
    sender: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T08:00:00Z")]
    at: Timestamp,
}

/// What was purged.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Purged {
    /// How many comments.
    #[schema(example = 3)]
    comments: u64,
}

/// In which state.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes what `state` may be")]
pub(super) enum State {
    /// Nobody has looked at it.
    Held,
    /// Everybody may read it.
    Approved,
}

/// Comments of every post and state, the oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/admin/comments",
    tag = "moderation",
    security(("admin" = [])),
    params(
        ("state" = Option<State>, Query, description = "Comments in this state."),
        ("of" = Option<String>, Query, description = "Comments below the post with this path."),
        ("after" = Option<String>, Query, description = "The `next` of an earlier page.",
            pattern = "^-?[0-9]{1,14}~[0-9a-f]{32}$"),
        ("limit" = Option<u16>, Query, description = "Comments on a page; 50 if it is left out.",
            minimum = 1, maximum = 500, example = 50),
    ),
    responses((status = 200, description = "A page of comments.", body = Page))
)]
pub(super) async fn list(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    let comments = admitted(&request, &blog)?;
    let mut parameters = Parameters::of(&request)?;
    let state = parameters.parsed::<Named>("state", "`held` or `approved`")?;
    let path = post(&mut parameters)?;
    let after = parameters.parsed("after", "the `next` of an earlier page, unchanged")?;
    let limit = parameters.limit(PAGE, MAX_PAGE)?;
    parameters.finish()?;
    let query = CommentQuery { path, state: state.map(|named| named.0), after, limit: limit + 1 };
    let mut found = comments.store.list(&query).await?;
    let next = next_page(&mut found, limit);
    Ok(private().json(Page { comments: found.into_iter().map(Moderated::from).collect(), next }))
}

/// All comments, one JSON object a line, the oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/admin/comments/export",
    tag = "moderation",
    security(("admin" = [])),
    responses((status = 200, description = "The comments.", body = String,
        content_type = "application/x-ndjson"))
)]
pub(super) async fn export(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let comments = admitted(&request, &blog)?;
    Parameters::of(&request)?.finish()?;
    let store = comments.store.clone();
    // What fails at the beginning is a problem; later, an answer that breaks off.
    let first = page_after(&*store, None).await?;
    let lines = stream::try_unfold((store, Some(first)), |(store, page)| async move {
        let Some(page) = page.filter(|page| !page.is_empty()) else {
            return Ok::<_, StoreError>(None);
        };
        let after = page.last().map(CommentPlace::from);
        let mut lines = Vec::new();
        for comment in page {
            serde_json::to_writer(&mut lines, &Moderated::from(comment))
                .unwrap_or_else(|_| unreachable!("comments are plain data"));
            lines.push(b'\n');
        }
        let next = page_after(&*store, after).await?;
        Ok(Some((Bytes::from(lines), (store, Some(next)))))
    });
    Ok(private().content_type("application/x-ndjson").streaming(Box::pin(lines)))
}

async fn page_after(
    store: &dyn CommentStore,
    after: Option<CommentPlace>,
) -> Result<Vec<Comment>, StoreError> {
    store.list(&CommentQuery { after, limit: MAX_PAGE, ..CommentQuery::default() }).await
}

/// Lets everybody read a comment.
#[utoipa::path(
    post,
    path = "/api/v1/admin/comments/{id}/approve",
    tag = "moderation",
    security(("admin" = [])),
    params(("id" = String, Path, pattern = "^[0-9a-f]{32}$")),
    responses((status = 204, description = "Everybody can read it."))
)]
pub(super) async fn approve(
    request: HttpRequest,
    id: Path<String>,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let comments = admitted(&request, &blog)?;
    Parameters::of(&request)?.finish()?;
    done(comments.store.approve(named(&id)?).await?)
}

/// Removes a comment for good.
#[utoipa::path(
    delete,
    path = "/api/v1/admin/comments/{id}",
    tag = "moderation",
    security(("admin" = [])),
    params(("id" = String, Path, pattern = "^[0-9a-f]{32}$")),
    responses((status = 204, description = "It is gone."))
)]
pub(super) async fn delete(
    request: HttpRequest,
    id: Path<String>,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let comments = admitted(&request, &blog)?;
    Parameters::of(&request)?.finish()?;
    done(comments.store.delete(named(&id)?).await?)
}

/// Lets whoever sent a comment send no more, and removes what is held of theirs.
#[utoipa::path(
    post,
    path = "/api/v1/admin/comments/{id}/ban",
    tag = "moderation",
    security(("admin" = [])),
    params(("id" = String, Path, pattern = "^[0-9a-f]{32}$")),
    responses((status = 200, description = "Who is banned.", body = Ban))
)]
pub(super) async fn ban(
    request: HttpRequest,
    id: Path<String>,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let comments = admitted(&request, &blog)?;
    Parameters::of(&request)?.finish()?;
    let at = now();
    let banned = comments.store.ban(named(&id)?, at).await?;
    let sender = banned.ok_or(ApiError::CommentNotFound)?.to_string();
    Ok(private().json(Ban { sender, at }))
}

/// Removes all comments below a post, which need not be there any more.
#[utoipa::path(
    delete,
    path = "/api/v1/admin/comments",
    tag = "moderation",
    security(("admin" = [])),
    params(("of" = String, Query, description = "The post's path.", example = "blog/2019/191014-Redis缓存")),
    responses((status = 200, description = "How many there were.", body = Purged))
)]
pub(super) async fn purge(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let comments = admitted(&request, &blog)?;
    let mut parameters = Parameters::of(&request)?;
    let path = post(&mut parameters)?;
    parameters.finish()?;
    let missing = || ApiError::BadParameter("`of` is missing: it is a post's path".into());
    let comments = comments.store.purge(&path.ok_or_else(missing)?).await?;
    Ok(private().json(Purged { comments }))
}

/// Who may not write.
#[utoipa::path(
    get,
    path = "/api/v1/admin/bans",
    tag = "moderation",
    security(("admin" = [])),
    responses((status = 200, description = "The bans, the oldest first.", body = Bans))
)]
pub(super) async fn bans(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    let comments = admitted(&request, &blog)?;
    Parameters::of(&request)?.finish()?;
    let banned = comments.store.banned().await?.into_iter();
    let ban = |(sender, at): (Sender, Timestamp)| Ban { sender: sender.to_string(), at };
    Ok(private().json(Bans { bans: banned.map(ban).collect() }))
}

/// Lets somebody write again.
#[utoipa::path(
    delete,
    path = "/api/v1/admin/bans/{sender}",
    tag = "moderation",
    security(("admin" = [])),
    params(("sender" = String, Path, pattern = "^[0-9a-f]{32}$")),
    responses((status = 204, description = "They may write."))
)]
pub(super) async fn pardon(
    request: HttpRequest,
    sender: Path<String>,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let comments = admitted(&request, &blog)?;
    Parameters::of(&request)?.finish()?;
    done(comments.store.pardon(named(&sender)?).await?)
}

fn admitted<'a>(request: &HttpRequest, blog: &'a Blog) -> Result<&'a Arc<Comments>, ApiError> {
    let comments = blog.comments()?;
    comments.authorize(request)?;
    Ok(comments)
}

/// An answer that nobody keeps.
fn private() -> actix_web::HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    answer
}

fn done(was_there: bool) -> Result<HttpResponse, ApiError> {
    if was_there { Ok(HttpResponse::NoContent().finish()) } else { Err(ApiError::CommentNotFound) }
}

fn named<T: std::str::FromStr<Err = domain::DigitsError>>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|error: domain::DigitsError| ApiError::BadPath(error.to_string()))
}

fn post(parameters: &mut Parameters) -> Result<Option<PostPath>, ApiError> {
    let path = parameters.one("of")?.map(|path| PostPath::from_route(&path)).transpose();
    path.map_err(|error| ApiError::BadParameter(format!("`of`: {error}")))
}

/// A state by its name.
struct Named(CommentState);

impl std::str::FromStr for Named {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        CommentState::from_name(name).map(Self).ok_or(())
    }
}

impl From<Comment> for Moderated {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id.to_string(),
            path: comment.path,
            author: comment.author.to_string(),
            text: comment.text.as_str().to_owned(),
            at: comment.at,
            state: comment.state.name(),
            sender: comment.sender.to_string(),
        }
    }
}
