//! The API's description, and a page to try it that needs nothing from elsewhere.

use crate::error::ApiError;
use crate::openapi::text;
use crate::parameters::Parameters;
use actix_web::http::header::{self, EntityTag, Header, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse};

const JSON: &str = "application/json; charset=utf-8";
/// The page asks this API, and loads nothing but its own style and script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// This description.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "about",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"))
)]
pub(super) async fn document(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    file(&request, JSON, text())
}

/// `GET /docs`: the page.
pub(super) async fn page(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    file(&request, "text/html; charset=utf-8", include_str!("../docs/page.html"))
}

/// `GET /docs/page.js`.
pub(super) async fn script(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    file(&request, "text/javascript; charset=utf-8", include_str!("../docs/page.js"))
}

/// `GET /docs/page.css`.
pub(super) async fn style(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    file(&request, "text/css; charset=utf-8", include_str!("../docs/page.css"))
}

fn file(
    request: &HttpRequest,
    kind: &'static str,
    text: &'static str,
) -> Result<HttpResponse, ApiError> {
    Parameters::of(request)?.finish()?;
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let etag = EntityTag::new_strong(hash[..32].to_owned());
    let is_known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(&etag)),
        _ => false,
    };
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, etag.to_string()));
    answer.insert_header((header::CACHE_CONTROL, "public, no-cache"));
    answer.insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    if is_known {
        return Ok(answer.finish());
    }
    Ok(answer.content_type(kind).body(text))
}
