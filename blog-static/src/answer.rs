//! Answers: what each request gets, from the index alone.

use crate::{ByteRange, Unsatisfiable, conditional, encoding, route};
use actix_web::body::SizedStream;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use release::{Entry, File, Manifest, Release};
use std::io::{self, SeekFrom};
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// How much of a file is read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Answers one request for a page, a medium or a raw post.
pub(crate) async fn page(request: &HttpRequest, release: &Release) -> io::Result<HttpResponse> {
    let path = request.uri().path();
    let find = |path| route::decoded(path).and_then(|route| release.index().entries.get(&route));
    match find(path) {
        Some(Entry::File(found)) => file(request, release, found, StatusCode::OK).await,
        Some(Entry::Redirect { to }) => Ok(redirect(to)),
        None => match route::without_slash(path) {
            Some(path) if find(path).is_some() => Ok(redirect(path)),
            _ => not_found(request, release).await,
        },
    }
}

/// Answers a method that a site made of files does not have.
pub(crate) fn method_not_allowed() -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, "GET, HEAD")).finish()
}

/// Answers `/_release/release.json`, which tells neighbours what is served.
pub(crate) fn manifest(release: &Release) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(Manifest::from(release.index()))
}

/// Answers `/_release/posts.ndjson`, all posts for the registering job.
pub(crate) async fn posts(release: &Release) -> io::Result<HttpResponse> {
    let bytes = release.index().posts.bytes;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    answer.content_type("application/x-ndjson");
    stream(&mut answer, &release.posts_path(), 0, bytes).await
}

fn redirect(to: &str) -> HttpResponse {
    HttpResponse::MovedPermanently()
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .finish()
}

async fn not_found(request: &HttpRequest, release: &Release) -> io::Result<HttpResponse> {
    match release.index().entries.get(&release.index().not_found) {
        Some(Entry::File(page)) => file(request, release, page, StatusCode::NOT_FOUND).await,
        _ => Ok(HttpResponse::NotFound().finish()),
    }
}

/// Sends a file in the best form that the client takes, or says that it has it already.
async fn file(
    request: &HttpRequest,
    release: &Release,
    file: &File,
    status: StatusCode,
) -> io::Result<HttpResponse> {
    let accept = text(request, header::ACCEPT_ENCODING);
    let coding = encoding::choose(accept, |coding| file.encodings.contains_key(&coding));
    let etag = match coding {
        Some(coding) => format!("\"{}-{}\"", file.blob.short(), coding.token()),
        None => format!("\"{}\"", file.blob.short()),
    };
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if !file.encodings.is_empty() {
        answer.insert_header((header::VARY, "Accept-Encoding"));
    }
    if status == StatusCode::OK {
        answer.insert_header((header::CACHE_CONTROL, file.cache.header()));
        answer.insert_header((header::ETAG, etag.clone()));
        if conditional::is_known(text(request, header::IF_NONE_MATCH), &etag) {
            return Ok(answer.status(StatusCode::NOT_MODIFIED).finish());
        }
    } else {
        answer.insert_header((header::CACHE_CONTROL, "public, max-age=10"));
    }
    answer.content_type(file.content_type.as_str());
    let path = release.blob_path(&file.blob, coding);
    if let Some(coding) = coding {
        answer.insert_header((header::CONTENT_ENCODING, coding.token()));
        return stream(&mut answer, &path, 0, file.encodings[&coding]).await;
    }
    if status != StatusCode::OK || !file.encodings.is_empty() {
        return stream(&mut answer, &path, 0, file.bytes).await;
    }
    answer.insert_header((header::ACCEPT_RANGES, "bytes"));
    match range(request, &etag, file.bytes) {
        Ok(None) => stream(&mut answer, &path, 0, file.bytes).await,
        Ok(Some(range)) => {
            let content_range = format!("bytes {}-{}/{}", range.first, range.last, file.bytes);
            answer.status(StatusCode::PARTIAL_CONTENT);
            answer.insert_header((header::CONTENT_RANGE, content_range));
            stream(&mut answer, &path, range.first, range.bytes()).await
        }
        Err(Unsatisfiable) => {
            answer.status(StatusCode::RANGE_NOT_SATISFIABLE);
            // The picture's own policy would keep this refusal for a year.
            answer.insert_header((header::CACHE_CONTROL, "no-store"));
            answer.insert_header((header::CONTENT_RANGE, format!("bytes */{}", file.bytes)));
            Ok(answer.finish())
        }
    }
}

/// The range that is asked for, unless `If-Range` names another version (RFC 9110 §13.1.5). Only
/// GET has ranges (§14.2).
fn range(request: &HttpRequest, etag: &str, size: u64) -> Result<Option<ByteRange>, Unsatisfiable> {
    let if_range = text(request, header::IF_RANGE);
    if *request.method() != Method::GET || (!if_range.is_empty() && if_range != etag) {
        return Ok(None);
    }
    ByteRange::resolve(text(request, header::RANGE), size)
}

/// Sends `bytes` bytes of the file at `path`, from `first` on.
async fn stream(
    answer: &mut HttpResponseBuilder,
    path: &Path,
    first: u64,
    bytes: u64,
) -> io::Result<HttpResponse> {
    let mut file = tokio::fs::File::open(path).await?;
    if first > 0 {
        file.seek(SeekFrom::Start(first)).await?;
    }
    let body = ReaderStream::with_capacity(file.take(bytes), CHUNK_BYTES);
    Ok(answer.body(SizedStream::new(bytes, body)))
}

/// A header as text; empty if it is missing or no text.
fn text(request: &HttpRequest, name: header::HeaderName) -> &str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
