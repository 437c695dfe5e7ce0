//! The body of a request that writes: JSON, and nothing that a form of another site could send.

use crate::error::ApiError;
use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Payload;
use serde::de::DeserializeOwned;

/// The longest comment in four bytes a character, each of them escaped.
const MAX_BYTES: usize = 32 * 1024;

/// Reads the body as a `T`.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) async fn json<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, ApiError> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::NotJson);
    }
    let body = payload.to_bytes_limited(MAX_BYTES).await.map_err(|_| ApiError::BodyTooLarge)?;
    let body = body.map_err(|_| ApiError::BadBody("it cannot be read".into()))?;
    serde_json::from_slice(&body).map_err(|error| ApiError::BadBody(error.to_string()))
}
