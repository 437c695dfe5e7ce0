//! Why a request failed.

use crate::challenge::ChallengeError;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use domain::{PostPath, StoreError};
use service_kit::{PROBLEM_JSON, Problem};
use std::sync::Arc;

/// Why a request failed.
///
/// The `Display` text is sent to the client. The source chain is not: it is logged, once.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("no post at `{0}`")]
    PostNotFound(PostPath),
    #[error("this is no post's path: {0}")]
    BadPath(String),
    #[error("there is nothing here; what there is begins with /api/v1/")]
    RouteNotFound,
    #[error("this has no such method, but {0}")]
    MethodNotAllowed(&'static str),
    #[error("{0}")]
    BadParameter(String),
    #[error("no release is registered yet; please try again")]
    NothingRegistered,
    #[error("another site may not do this in a reader's name")]
    CrossSite,
    #[error("that was too often; please wait a minute")]
    TooManyWrites,
    #[error("this blog takes no comments")]
    CommentsOff,
    #[error("there is no such comment, or nobody who is banned")]
    CommentNotFound,
    #[error("send JSON, with `content-type: application/json`")]
    NotJson,
    #[error("the body is larger than a comment can be")]
    BodyTooLarge,
    #[error("the body is not as it should be: {0}")]
    BadBody(String),
    #[error(transparent)]
    BadChallenge(#[from] ChallengeError),
    #[error("another comment with this challenge is there already: ask for another challenge")]
    ChallengeUsed,
    #[error("there are too many comments now; please try again in an hour")]
    TooManyComments,
    #[error("you may not write here")]
    Banned,
    #[error("this wants the token of whoever looks after the blog")]
    Unauthorized,
    #[error("nothing can be counted now; please try again")]
    CountersUnavailable(#[source] Arc<StoreError>),
    #[error("the blog is having trouble; please try again")]
    Store(#[source] Arc<StoreError>),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl ApiError {
    /// The status and the stable code of this error. One line each, so that this is also the
    /// index of `docs/problems.md`.
    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::PostNotFound(_) => (StatusCode::NOT_FOUND, "post_not_found"),
            Self::BadPath(_) => (StatusCode::BAD_REQUEST, "bad_path"),
            Self::RouteNotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::BadParameter(_) => (StatusCode::BAD_REQUEST, "bad_parameter"),
            Self::NothingRegistered => (StatusCode::SERVICE_UNAVAILABLE, "nothing_registered"),
            Self::CrossSite => (StatusCode::FORBIDDEN, "cross_site"),
            Self::TooManyWrites => (StatusCode::TOO_MANY_REQUESTS, "too_many_writes"),
            Self::CommentsOff => (StatusCode::NOT_FOUND, "comments_off"),
            Self::CommentNotFound => (StatusCode::NOT_FOUND, "comment_not_found"),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::BadBody(_) => (StatusCode::BAD_REQUEST, "bad_body"),
            Self::BadChallenge(_) => (StatusCode::FORBIDDEN, "bad_challenge"),
            Self::ChallengeUsed => (StatusCode::CONFLICT, "challenge_used"),
            Self::TooManyComments => (StatusCode::TOO_MANY_REQUESTS, "too_many_comments"),
            Self::Banned => (StatusCode::FORBIDDEN, "banned"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::CountersUnavailable(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "counters_unavailable")
            }
            Self::Store(error) => match **error {
                StoreError::Unavailable(_)
                | StoreError::Refused { .. }
                | StoreError::Full { .. } => (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"),
                StoreError::Corrupt { .. } | StoreError::LeaseLost => {
                    (StatusCode::INTERNAL_SERVER_ERROR, "internal")
                }
            },
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code) = self.kind();
        if let Self::Store(error) | Self::CountersUnavailable(error) = self {
            let cause = std::error::Error::source(&**error).map(ToString::to_string);
            tracing::error!("{error}: {}", cause.unwrap_or_default());
        }
        let mut answer = HttpResponse::build(status);
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                answer.insert_header((header::RETRY_AFTER, "2"));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                let seconds = if matches!(self, Self::TooManyComments) { "3600" } else { "60" };
                answer.insert_header((header::RETRY_AFTER, seconds));
            }
            StatusCode::UNAUTHORIZED => {
                answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            _ => {}
        }
        if let Self::MethodNotAllowed(allow) = self {
            answer.insert_header((header::ALLOW, *allow));
        }
        let problem = Problem {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or_default().into(),
            code: code.into(),
            detail: self.to_string(),
        };
        // The media type is set last: `json` would keep only its own.
        answer.content_type(PROBLEM_JSON).json(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained() {
        let unavailable = Arc::new(StoreError::Unavailable("down".into()));
        let errors = [
            ApiError::PostNotFound(PostPath::parse("a.md").unwrap()),
            ApiError::BadPath(String::new()),
            ApiError::RouteNotFound,
            ApiError::MethodNotAllowed("GET"),
            ApiError::BadParameter(String::new()),
            ApiError::NothingRegistered,
            ApiError::CrossSite,
            ApiError::TooManyWrites,
            ApiError::CommentsOff,
            ApiError::CommentNotFound,
            ApiError::NotJson,
            ApiError::BodyTooLarge,
            ApiError::BadBody(String::new()),
            ApiError::BadChallenge(ChallengeError::Unsolved),
            ApiError::ChallengeUsed,
            ApiError::TooManyComments,
            ApiError::Banned,
            ApiError::Unauthorized,
            ApiError::CountersUnavailable(unavailable.clone()),
            ApiError::Store(unavailable),
            StoreError::LeaseLost.into(),
        ];
        for error in errors {
            let (status, code) = error.kind();
            let row = format!("| `{code}` | {} | ", status.as_u16());
            assert!(include_str!("../../docs/problems.md").contains(&row), "{row}");
        }
    }
}
