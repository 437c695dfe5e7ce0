//! Answers: what each request gets, from the index alone.

use crate::blobs::{Blobs, SMALL_BYTES};
use crate::search::{self, Query, Search};
use crate::{ByteRange, Unsatisfiable, conditional, encoding, route};
use actix_web::body::SizedStream;
use actix_web::http::header::{self, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use release::{Encoding, Entry, File, Manifest, Release};
use std::io::{self, SeekFrom};
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// How much of a file is read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// One request and what can answer it.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) release: &'a Release,
    pub(crate) blobs: &'a Blobs,
}

/// Answers a method that a site made of files does not have.
pub(crate) fn method_not_allowed() -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, "GET, HEAD")).finish()
}

/// Answers that something is wrong here, for now.
pub(crate) fn refusal(status: StatusCode, why: &str) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    answer.insert_header((header::RETRY_AFTER, "2"));
    answer.content_type("text/plain; charset=utf-8").body(format!("{why}\n"))
}

impl<'a> Asked<'a> {
    /// Answers a request for a page, a medium or a raw post.
    pub(crate) async fn page(self) -> io::Result<HttpResponse> {
        let path = self.request.uri().path();
        let entries = &self.release.index().entries;
        let find = |path| route::decoded(path).and_then(|route| entries.get(&route));
        match find(path) {
            Some(Entry::File(found)) => self.file(found, StatusCode::OK).await,
            Some(Entry::Redirect { to }) => Ok(redirect(to)),
            None => match (self.carried(path), route::without_slash(path)) {
                (Some(found), _) => self.file(found, StatusCode::OK).await,
                (None, Some(path)) if find(path).is_some() => Ok(redirect(path)),
                _ => self.not_found().await,
            },
        }
    }

    /// What a page of an earlier release, which a reader may still have open, names there.
    fn carried(self, path: &str) -> Option<&'a File> {
        let carried = self.release.carried().get(&route::decoded(path)?)?;
        Some(&carried.file)
    }

    /// Answers the search page with what the API found.
    pub(crate) async fn search(self, search: &Search, query: &Query) -> io::Result<HttpResponse> {
        let Some(Entry::File(file)) = self.release.index().entries.get(search::ROUTE) else {
            return self.not_found().await;
        };
        let shell = tokio::fs::read_to_string(self.release.blob_path(&file.blob, None)).await?;
        let mut answer = HttpResponse::Ok();
        // It changes with the API's release and not with this one.
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        answer.insert_header(("x-robots-tag", "noindex"));
        self.restrict(&mut answer, file);
        answer.content_type(file.content_type.as_str());
        Ok(answer.body(search.page(&shell, query).await))
    }

    /// Answers `/_release/release.json`, which tells neighbours what is served.
    pub(crate) fn manifest(self) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .json(Manifest::from(self.release.index()))
    }

    /// Answers `/_release/posts.ndjson`, all posts for the registering job.
    pub(crate) async fn posts(self) -> io::Result<HttpResponse> {
        let posts = &self.release.index().posts;
        let mut answer = HttpResponse::Ok();
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        answer.insert_header((header::ETAG, format!("\"{}\"", posts.hash.short())));
        answer.content_type("application/x-ndjson");
        stream(&mut answer, &self.release.posts_path(), 0, posts.bytes).await
    }

    async fn not_found(self) -> io::Result<HttpResponse> {
        match self.release.index().entries.get(&self.release.index().not_found) {
            Some(Entry::File(page)) => self.file(page, StatusCode::NOT_FOUND).await,
            _ => Ok(HttpResponse::NotFound().finish()),
        }
    }

    /// Sends a file in the best form that the client takes, or says that it has it already.
    async fn file(self, file: &File, status: StatusCode) -> io::Result<HttpResponse> {
        let accept = self.text(header::ACCEPT_ENCODING);
        let coding = encoding::choose(&accept, |coding| file.encodings.contains_key(&coding));
        let etag = match coding {
            Some(coding) => format!("\"{}-{}\"", file.blob.short(), coding.token()),
            None => format!("\"{}\"", file.blob.short()),
        };
        let mut answer = HttpResponse::build(status);
        answer.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
        if !file.encodings.is_empty() {
            answer.insert_header((header::VARY, "Accept-Encoding"));
        }
        // With 304 too: the same page may be allowed something else now.
        self.restrict(&mut answer, file);
        if status == StatusCode::OK {
            answer.insert_header((header::CACHE_CONTROL, file.cache.header()));
            answer.insert_header((header::ETAG, etag.clone()));
            if conditional::is_known(&self.text(header::IF_NONE_MATCH), &etag) {
                return Ok(answer.status(StatusCode::NOT_MODIFIED).finish());
            }
        } else {
            answer.insert_header((header::CACHE_CONTROL, "public, max-age=10"));
        }
        answer.content_type(file.content_type.as_str());
        if let Some(coding) = coding {
            answer.insert_header((header::CONTENT_ENCODING, coding.token()));
            return self.whole(&mut answer, file, Some((coding, file.encodings[&coding]))).await;
        }
        if status != StatusCode::OK || !file.encodings.is_empty() {
            return self.whole(&mut answer, file, None).await;
        }
        answer.insert_header((header::ACCEPT_RANGES, "bytes"));
        match self.range(&etag, file.bytes) {
            Ok(None) => self.whole(&mut answer, file, None).await,
            Ok(Some(range)) => {
                let content_range = format!("bytes {}-{}/{}", range.first, range.last, file.bytes);
                answer.status(StatusCode::PARTIAL_CONTENT);
                answer.insert_header((header::CONTENT_RANGE, content_range));
                let path = self.release.blob_path(&file.blob, None);
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

    /// Says what a page may do, if the release does.
    fn restrict(self, answer: &mut HttpResponseBuilder, file: &File) {
        let policy = self.release.index().policy.as_str();
        if !policy.is_empty() && file.content_type.starts_with("text/html") {
            answer.insert_header((header::CONTENT_SECURITY_POLICY, policy));
        }
    }

    /// Sends all of a blob, from memory if it is small.
    async fn whole(
        self,
        answer: &mut HttpResponseBuilder,
        file: &File,
        encoded: Option<(Encoding, u64)>,
    ) -> io::Result<HttpResponse> {
        let (coding, bytes) = match encoded {
            Some((coding, bytes)) => (Some(coding), bytes),
            None => (None, file.bytes),
        };
        if bytes <= SMALL_BYTES {
            return Ok(answer.body(self.blobs.read(self.release, (file.blob, coding)).await?));
        }
        stream(answer, &self.release.blob_path(&file.blob, coding), 0, bytes).await
    }

    /// The range that is asked for, unless `If-Range` names another version (RFC 9110 §13.1.5).
    /// Only GET has ranges (§14.2).
    fn range(self, etag: &str, size: u64) -> Result<Option<ByteRange>, Unsatisfiable> {
        let if_range = self.text(header::IF_RANGE);
        if *self.request.method() != Method::GET || (!if_range.is_empty() && if_range != etag) {
            return Ok(None);
        }
        ByteRange::resolve(&self.text(header::RANGE), size)
    }

    /// A header as text. Several lines of one name are one list (RFC 9110 §5.3).
    fn text(self, name: HeaderName) -> String {
        let lines = self.request.headers().get_all(name).filter_map(|value| value.to_str().ok());
        lines.collect::<Vec<_>>().join(", ")
    }
}

fn redirect(to: &str) -> HttpResponse {
    HttpResponse::MovedPermanently()
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .finish()
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
