//! What readers write below posts, as readers see it.

use crate::answer::answer_anew;
use crate::app::Blog;
use crate::body;
use crate::challenge::{ChallengeError, Challenges, Solved};
use crate::comments::Comments;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::routes::posts;
use crate::visitor;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::{
    Author, Comment, CommentId, CommentPlace, CommentQuery, CommentState, CommentText, PostPath,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Comments on a page, unless the client says otherwise.
const PAGE: u16 = 50;
/// Comments on a page at most.
const MAX_PAGE: u16 = 100;
/// In which one reader may write so many.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// One page of comments.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommentList)]
pub(super) struct Page {
    /// The oldest first. Those that nobody has looked at are not there.
    comments: Vec<Shown>,
    /// `after` of the next page; null on the last.
    #[schema(required = true, example = json!(null))]
    next: Option<String>,
}

/// A comment that everybody may read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comment)]
struct Shown {
    #[schema(pattern = "^[0-9a-f]{32}$", example = "0123456789abcdef0123456789abcdef")]
    id: String,
    /// Plain text: escape it.
    #[schema(example = "墨客")]
    author: String,
    /// Plain text with line feeds: escape it.
    #[schema(example = "Thank you, that was it!")]
    text: String,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T08:00:00Z")]
    at: Timestamp,
}

/// What a reader writes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewComment {
    /// One line.
    #[schema(min_length = 1, max_length = 40, example = "墨客")]
    author: String,
    /// Plain text with at most two links.
    #[schema(min_length = 1, max_length = 2000, example = "Thank you, that was it!")]
    text: String,
    /// From `/comments/challenge`.
    #[schema(max_length = 200, example = "0123456789abcdef0123456789abcdef.1769846400000.16.0")]
    challenge: String,
    /// A number, in decimal, with which SHA-256 of challenge, dot and number begins with so many zero
    /// bits.
    #[schema(max_length = 20, example = "40961")]
    solution: String,
    /// Leave it out, or empty: only robots fill it in.
    #[serde(default)]
    #[schema(max_length = 200, example = "")]
    website: String,
}

/// What became of a comment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommentReceipt)]
pub(super) struct Receipt {
    #[schema(pattern = "^[0-9a-f]{32}$", example = "0123456789abcdef0123456789abcdef")]
    id: String,
    /// `held` until somebody has looked at it, or `approved`.
    #[schema(example = "held")]
    state: &'static str,
}

/// Work to do before writing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommentChallenge)]
pub(super) struct Task {
    /// Good for one comment.
    #[schema(example = "0123456789abcdef0123456789abcdef.1769846400000.16.0")]
    challenge: String,
    /// How many zero bits are wanted.
    #[schema(example = 16)]
    bits: u8,
    /// Until when.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T08:10:00Z")]
    expires_at: Timestamp,
}

/// Comments below a post.
///
/// If a post has this very address, it is that post.
#[utoipa::path(
    get,
    path = "/api/v1/posts/{path}/comments",
    tag = "comments",
    params(
        ("path" = String, Path),
        ("after" = Option<String>, Query, description = "The `next` of an earlier page.",
            pattern = "^-?[0-9]{1,14}~[0-9a-f]{32}$"),
        ("limit" = Option<u16>, Query, description = "Comments on a page; 50 if it is left out.",
            minimum = 1, maximum = 100, example = 50),
    ),
    responses((status = 200, description = "The comments, the oldest first.", body = Page))
)]
pub(super) async fn list(request: HttpRequest, blog: Data<Blog>) -> Result<HttpResponse, ApiError> {
    if posts::path(request.path()).is_ok_and(|path| has(&blog, &path)) {
        return posts::show(request, blog).await;
    }
    let comments = blog.comments()?;
    let mut parameters = Parameters::of(&request)?;
    let after = parameters.parsed("after", "the `next` of an earlier page, unchanged")?;
    let limit = parameters.limit(PAGE, MAX_PAGE)?;
    parameters.finish()?;
    let path = below(&request, &blog)?;
    let key = format!("comments:{path}:{limit}:{after:?}");
    let compute = async {
        let state = Some(CommentState::Approved);
        // One more tells whether there is a next page.
        let query = CommentQuery { path: Some(path), state, after, limit: limit + 1 };
        let mut found = comments.store.list(&query).await?;
        let next = next_page(&mut found, limit);
        Ok(Page { comments: found.into_iter().map(Shown::from).collect(), next })
    };
    answer_anew(&request, &blog, &key, compute).await
}

/// Cuts what is more than a page, and says where the next begins.
pub(super) fn next_page(found: &mut Vec<Comment>, limit: u16) -> Option<String> {
    let is_last = found.len() <= usize::from(limit);
    found.truncate(limit.into());
    found.last().filter(|_| !is_last).map(|last| CommentPlace::from(last).to_string())
}

/// Writes a comment. It is held until somebody has looked at it, unless the blog says otherwise.
///
/// The same comment with the same challenge may be sent again if no answer came, however late: it is there
/// once, and the answer is the same.
#[utoipa::path(
    post,
    path = "/api/v1/posts/{path}/comments",
    tag = "comments",
    params(("path" = String, Path)),
    request_body = NewComment,
    responses(
        (status = 201, description = "Everybody can read it.", body = Receipt),
        (status = 202, description = "Somebody will look at it.", body = Receipt),
    )
)]
pub(super) async fn write(
    request: HttpRequest,
    payload: Payload,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let comments = blog.comments()?;
    Parameters::of(&request)?.finish()?;
    visitor::check_site(&request)?;
    let path = below(&request, &blog)?;
    let new: NewComment = body::json(&request, payload).await?;
    let now = now();
    let Solved { id, is_late } = comments.challenges.check(&new.challenge, &new.solution, now)?;
    let wrong = |name: &str, error| ApiError::BadBody(format!("`{name}`: {error}"));
    let author = Author::parse(&new.author).map_err(|error| wrong("author", error))?;
    let text = CommentText::parse(&new.text).map_err(|error| wrong("text", error))?;
    let sender = visitor::sender(&request, &comments.sender_key);
    let state = comments.first_state;
    let comment = Comment { id, path, author, text, at: now, state, sender };
    // Whoever fills in what nobody sees is told what everybody is told.
    if new.website.is_empty() {
        keep(comments, &comment, is_late).await.inspect_err(|error| blog.metrics.failed(error))?;
    }
    let status = match state {
        CommentState::Approved => StatusCode::CREATED,
        CommentState::Held => StatusCode::ACCEPTED,
    };
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(answer.json(Receipt { id: id.to_string(), state: state.name() }))
}

/// Whoever was not answered sends the same comment again, and is answered as the first time, even if it
/// took the last place that the limits left or the challenge's time is over.
async fn keep(comments: &Comments, comment: &Comment, is_late: bool) -> Result<(), ApiError> {
    let since = comment.at.saturating_sub(HOUR).unwrap_or(Timestamp::MIN);
    let refusal = if is_late {
        ChallengeError::Expired.into()
    } else {
        match comments.check(comments.store.load(comment.sender, since).await?) {
            Ok(()) if comments.store.add(comment).await? => return Ok(()),
            Ok(()) => ApiError::ChallengeUsed,
            Err(refusal) => refusal,
        }
    };
    match comments.store.find(comment.id).await? {
        Some(kept) if kept.is_again(comment) => Ok(()),
        _ => Err(refusal),
    }
}

/// Work to do before writing a comment.
#[utoipa::path(
    get,
    path = "/api/v1/comments/challenge",
    tag = "comments",
    responses((status = 200, description = "The work.", body = Task))
)]
pub(super) async fn challenge(
    request: HttpRequest,
    blog: Data<Blog>,
) -> Result<HttpResponse, ApiError> {
    let comments = blog.comments()?;
    Parameters::of(&request)?.finish()?;
    let mut id = [0; 16];
    let failed = |error| ApiError::from(domain::StoreError::Unavailable(Box::new(error)));
    getrandom::fill(&mut id).map_err(failed)?;
    let now = now();
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(answer.json(Task {
        challenge: comments.challenges.issue(CommentId::new(id), now),
        bits: comments.challenges.bits,
        expires_at: Challenges::ends(now),
    }))
}

/// The post below which a request's comments stand.
fn below(request: &HttpRequest, blog: &Blog) -> Result<PostPath, ApiError> {
    let path = posts::path(request.path().strip_suffix("/comments").unwrap_or_default())?;
    blog.served.snapshot()?;
    if has(blog, &path) { Ok(path) } else { Err(ApiError::PostNotFound(path)) }
}

fn has(blog: &Blog, path: &PostPath) -> bool {
    blog.served.snapshot().is_ok_and(|served| served.index.post(path).is_some())
}

/// To the millisecond, which is what every store can keep.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

impl From<Comment> for Shown {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id.to_string(),
            author: comment.author.to_string(),
            text: comment.text.as_str().to_owned(),
            at: comment.at,
        }
    }
}
