//! blog-static, as a neighbour sees it.

use crate::LoadError;
use domain::{Post, ReleaseId};
use release::{FORMAT, Manifest, PostsDecoder};
use reqwest::{Client, Response};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a replica may take to say which release it serves.
const MANIFEST_DEADLINE: Duration = Duration::from_secs(5);
/// How long it may pause while it sends the posts.
const READ_DEADLINE: Duration = Duration::from_secs(15);
/// Between two looks at all replicas.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How many posts are handed on at a time.
const BATCH: usize = 200;

/// Every replica of blog-static.
#[derive(Debug, Clone)]
pub struct BlogStatic {
    name: String,
    client: Client,
}

/// What all replicas serve, and one of them to read it from.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) manifest: Manifest,
    replica: SocketAddr,
}

impl BlogStatic {
    /// The replicas behind `name` (`host:port`). Nobody is asked yet.
    ///
    /// # Errors
    ///
    /// [`LoadError::Source`] if the system has no way to make HTTP requests.
    pub fn new(name: &str) -> Result<Self, LoadError> {
        // Neighbours are never behind a proxy, whatever the environment says.
        let client = Client::builder()
            .no_proxy()
            .connect_timeout(MANIFEST_DEADLINE)
            .read_timeout(READ_DEADLINE)
            .build();
        let client = client.map_err(|error| LoadError::Source(error.to_string()))?;
        Ok(Self { name: name.to_owned(), client })
    }

    /// Waits until every replica serves the same release, and `expected` if that is given. During
    /// a rolling update old and new ones answer side by side, and taking one of them would be a
    /// coin toss.
    pub(crate) async fn agreed(
        &self,
        expected: Option<ReleaseId>,
        deadline: Instant,
    ) -> Result<Served, LoadError> {
        let mut backoff = service_kit::Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut told = String::new();
        loop {
            match self.look(expected).await {
                Ok(served) => return Ok(served),
                Err(why) if Instant::now() >= deadline => return Err(LoadError::Source(why)),
                Err(why) => {
                    if why != told {
                        tracing::info!("waiting for blog-static: {why}");
                        told = why;
                    }
                    backoff.pause().await;
                }
            }
        }
    }

    /// Asks every replica once.
    async fn look(&self, expected: Option<ReleaseId>) -> Result<Served, String> {
        let resolved = tokio::time::timeout(MANIFEST_DEADLINE, tokio::net::lookup_host(&self.name));
        let replicas: Vec<SocketAddr> = match resolved.await {
            Ok(Ok(replicas)) => replicas.collect(),
            Ok(Err(error)) => return Err(format!("`{}` does not resolve: {error}", self.name)),
            Err(_) => return Err(format!("`{}` does not resolve in time", self.name)),
        };
        let mut agreed: Option<Served> = None;
        for replica in replicas {
            let manifest = self
                .manifest(replica)
                .await
                .map_err(|error| format!("{replica} does not answer: {}", innermost(&error)))?;
            if manifest.format != FORMAT {
                let found = manifest.format;
                return Err(format!("{replica} serves format {found}, this job reads {FORMAT}"));
            }
            if let Some(expected) = expected.filter(|expected| *expected != manifest.id) {
                let (found, expected) = (manifest.id.short(), expected.short());
                return Err(format!("{replica} serves {found}, expected is {expected}"));
            }
            match &agreed {
                Some(other) if other.manifest != manifest => {
                    let (one, two) = (other.manifest.id.short(), manifest.id.short());
                    return Err(format!("replicas do not agree: {one} and {two}"));
                }
                _ => agreed = Some(Served { manifest, replica }),
            }
        }
        agreed.ok_or_else(|| format!("`{}` has no address", self.name))
    }

    async fn manifest(&self, replica: SocketAddr) -> reqwest::Result<Manifest> {
        let url = format!("http://{replica}/_release/release.json");
        let answer = self.client.get(url).timeout(MANIFEST_DEADLINE).send().await?;
        answer.error_for_status()?.json().await
    }

    /// Begins to read the posts.
    pub(crate) async fn posts(&self, served: &Served) -> Result<Posts, LoadError> {
        let url = format!("http://{}/_release/posts.ndjson", served.replica);
        let answer = self.client.get(url).send().await.and_then(Response::error_for_status);
        let manifest = served.manifest.clone();
        let answer = answer.map_err(|error| interrupted(&manifest, &error))?;
        Ok(Posts { manifest, answer, decoder: Some(PostsDecoder::default()) })
    }
}

/// The posts of a release as they arrive.
pub(crate) struct Posts {
    manifest: Manifest,
    answer: Response,
    /// Gone when the end was reached.
    decoder: Option<PostsDecoder>,
}

impl Posts {
    /// The next posts, about [`BATCH`] of them; `None` after the last, when the whole was found to
    /// be what was announced.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Post>>, LoadError> {
        let mut posts = Vec::new();
        while let Some(decoder) = &mut self.decoder {
            let piece = self.answer.chunk().await;
            match piece.map_err(|error| interrupted(&self.manifest, &error))? {
                Some(piece) => posts.extend(decoder.push(&piece)?),
                None => self.finish(&mut posts)?,
            }
            if posts.len() >= BATCH {
                break;
            }
        }
        Ok((!posts.is_empty()).then_some(posts))
    }

    fn finish(&mut self, posts: &mut Vec<Post>) -> Result<(), LoadError> {
        let Some(decoder) = self.decoder.take() else { return Ok(()) };
        let (rest, hash) = decoder.finish()?;
        posts.extend(rest);
        if hash == self.manifest.posts_hash {
            return Ok(());
        }
        let what = "the posts are not those that were announced".to_owned();
        Err(LoadError::Broken { id: self.manifest.id.short(), what })
    }
}

/// The posts stopped coming.
fn interrupted(manifest: &Manifest, error: &reqwest::Error) -> LoadError {
    let what = format!("the posts stopped coming: {}", innermost(error));
    LoadError::Broken { id: manifest.id.short(), what }
}

/// What went wrong at the bottom; the layers above say only "error sending request".
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
