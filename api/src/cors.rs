//! What pages of other sites may do: read, and nothing else.
//!
//! No answer depends on who asks, so everybody may read all of them. A write needs no preflight if a
//! form can send it, so that the writes themselves look at where they come from (`visitor.rs`); a
//! preflight for one is answered like any other, and does not allow it.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

/// What a script of another site may see beside the body.
const EXPOSED: &str = "etag, retry-after, x-release, x-request-id";
/// What it may send.
const ACCEPTED: &str = "if-none-match, x-request-id";
/// Browsers ask again after at most a day.
const SECONDS: &str = "86400";

/// Lets every site read, problems included.
pub(crate) async fn open_reading<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut answer = next.call(request).await?;
    if is_read {
        let headers = answer.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    Ok(answer)
}

/// Answers `OPTIONS`, of a browser before it lets another site's script ask, or of anybody.
pub(crate) fn options(allow: &'static str) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ALLOW, allow))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ACCEPTED))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, SECONDS))
        .finish()
}
