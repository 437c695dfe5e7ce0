//! Everything that a content folder holds, with every problem in it.

mod address;

use self::address::{Addresses, lost_fragments};
use crate::cache::{Cache, Origin};
use crate::content::{self, File};
use crate::media::Media;
use crate::{Settings, SiteError};
use domain::{ContentHash, Post, PostDetail, PostPath, PostSummary, Visibility, visibility};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rayon::prelude::*;
use release::content_hash;
use render::{Diagnostic, Header, Manner, Reading, Rendered, Severity, Source};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fs, io};

/// A post that is published.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The post as the store will have it.
    pub post: Post,
    /// Its body.
    pub html: String,
    /// Old addresses, as the header gives them.
    pub aliases: Vec<String>,
    /// The file's name below the content folder.
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    /// Of the file as the writer wrote it.
    pub(crate) source: ContentHash,
    pub(crate) origin: Origin,
}

/// What a content folder holds.
#[derive(Debug)]
pub struct Gathered {
    /// The settings.
    pub settings: Settings,
    /// What is published, newest first.
    pub posts: Vec<Publication>,
    /// How many posts are drafts.
    pub drafts: usize,
    /// Posts that fall due later, with the instant.
    pub scheduled: Vec<(PostPath, Timestamp)>,
    /// Every problem of the whole folder, by file and line.
    pub diagnostics: Vec<Diagnostic>,
    /// The about page's body, if the writer has one.
    pub about: Option<String>,
    pub(crate) media: Media,
    pub(crate) cache: Cache,
}

/// A file with its header.
struct Read {
    file: File,
    source: ContentHash,
    reading: Reading,
}

/// A post that is shown, before its body is rendered.
struct Visible {
    read: Read,
    header: Header,
    path: PostPath,
}

/// Reads `content` as of the instant `now`.
///
/// # Errors
///
/// [`SiteError`] if the folder or its `site.toml` cannot be used at all. What is wrong with a
/// single file is in [`Gathered::diagnostics`] and keeps back that file alone.
pub fn gather(content: &Path, now: Timestamp) -> Result<Gathered, SiteError> {
    gather_with(content, Cache::default(), now)
}

/// Gathers the same as [`gather`], but renders only what changed since [`build`](crate::build)
/// wrote to the folder `release`.
///
/// # Errors
///
/// As [`gather`].
pub fn regather(content: &Path, release: &Path, now: Timestamp) -> Result<Gathered, SiteError> {
    gather_with(content, Cache::open(release), now)
}

fn gather_with(content: &Path, cache: Cache, now: Timestamp) -> Result<Gathered, SiteError> {
    let content = fs::canonicalize(content)
        .map_err(|source| SiteError::Read { path: content.to_owned(), source })?;
    let settings = Settings::read(&content)?;
    let zone = settings.zone().unwrap_or(TimeZone::UTC);
    let mut diagnostics = Vec::new();
    let files = content::files(&content, &settings)?;
    let named = without_twins(named(files, &zone, &mut diagnostics), &mut diagnostics);

    let (mut drafts, mut scheduled, mut visible) = (0, Vec::new(), Vec::new());
    for Visible { read, header, path } in named {
        match visibility(header.draft, header.date.at, now) {
            Visibility::Published => visible.push(Visible { read, header, path }),
            Visibility::Draft => drafts += 1,
            Visibility::Scheduled(at) => scheduled.push((path, at)),
        }
    }

    let addresses = Addresses::of(&visible, settings.picture_variants);
    let media = Mutex::new(Media::new());
    let rendered: Vec<(Rendered, Origin)> = visible
        .par_iter_mut()
        .map(|post| addresses.rendered(&content, post, &settings.language, &cache, &media))
        .collect();
    for (rendered, _) in &rendered {
        diagnostics.extend(rendered.diagnostics.iter().cloned());
    }
    diagnostics.extend(lost_fragments(&visible, &rendered));
    let about = about(&content, &settings, &addresses, &cache, &media, &mut diagnostics);

    let mut posts: Vec<Publication> = visible
        .into_par_iter()
        .zip(rendered)
        .map(|(post, rendered)| publication(post, rendered, &settings))
        .collect();
    posts.sort_by(|one, other| one.post.summary.newest_first(&other.post.summary));
    diagnostics.sort();
    let media = media.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Gathered { settings, posts, drafts, scheduled, diagnostics, about, media, cache })
}

/// The files that are sound posts, with their paths.
fn named(files: Vec<File>, zone: &TimeZone, diagnostics: &mut Vec<Diagnostic>) -> Vec<Visible> {
    let read: Vec<Result<Read, Diagnostic>> =
        files.into_par_iter().map(|file| read(file, zone)).collect();
    let mut named = Vec::with_capacity(read.len());
    for read in read {
        let mut read = match read {
            Ok(read) => read,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                continue;
            }
        };
        diagnostics.append(&mut read.reading.diagnostics);
        if !read.reading.is_post {
            diagnostics.push(no_post(&read.file.name));
        }
        let Some(header) = read.reading.header.take() else { continue };
        match identity(&header, &read.file.name) {
            Ok(path) => named.push(Visible { read, header, path }),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    named
}

fn read(file: File, zone: &TimeZone) -> Result<Read, Diagnostic> {
    match fs::read(&file.path) {
        Ok(bytes) => {
            let reading = render::read(Source { file: &file.name, bytes: &bytes }, zone);
            Ok(Read { file, source: content_hash(&bytes), reading })
        }
        Err(error) => Err(unreadable(&file.name, &error)),
    }
}

fn problem(
    file: &str,
    severity: Severity,
    code: &'static str,
    message: String,
    remedy: &str,
) -> Diagnostic {
    Diagnostic {
        file: file.to_owned(),
        line: 1,
        col: 1,
        severity,
        code: code.into(),
        message,
        remedy: remedy.to_owned(),
    }
}

fn unreadable(file: &str, error: &io::Error) -> Diagnostic {
    let message = format!("the file cannot be read: {error}");
    problem(file, Severity::Error, "unreadable", message, "look at the file's rights")
}

fn no_post(file: &str) -> Diagnostic {
    let remedy = "begin it with a fenced `yaml lw-blog-meta` block, or move it to `drafts/`";
    let message = "the file has no `lw-blog-meta` header, so it is not published".to_owned();
    problem(file, Severity::Warning, "no-header", message, remedy)
}

/// The header's `path`, or `blog/` and the file's name.
fn identity(header: &Header, file: &str) -> Result<PostPath, Diagnostic> {
    if let Some(path) = &header.path {
        return Ok(path.clone());
    }
    PostPath::parse(&format!("blog/{file}")).map_err(|error| {
        let message = format!("the file's name cannot be an address: {error}");
        problem(
            file,
            Severity::Error,
            "bad-path",
            message,
            "rename it, or set `path` in its header",
        )
    })
}

/// Keeps back every post whose path another has too, letter case aside: which of them was meant
/// is for the writer to say.
fn without_twins(named: Vec<Visible>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Visible> {
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Visible { read, path, .. } in &named {
        owners.entry(path.case_key()).or_default().push(read.file.name.clone());
    }
    let mut single = Vec::with_capacity(named.len());
    for post in named {
        let Visible { read, path, .. } = &post;
        let owners = &owners[&path.case_key()];
        if owners.len() == 1 {
            single.push(post);
            continue;
        }
        let message = format!("{} have the one path `{path}`", owners.join(" and "));
        let remedy = "rename one, or give it another `path` in its header";
        diagnostics.push(problem(
            &read.file.name,
            Severity::Error,
            "duplicate-path",
            message,
            remedy,
        ));
    }
    single
}

/// The writer's own about page: `about.md`, Markdown without a header.
fn about(
    content: &Path,
    settings: &Settings,
    addresses: &Addresses,
    cache: &Cache,
    media: &Mutex<Media>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let bytes = fs::read(content.join("about.md")).ok()?;
    let source = Source { file: "about.md", bytes: &bytes };
    let reading = render::read(source, &TimeZone::UTC);
    let folder = addresses.folder(content, "about.md", cache, media);
    let manner = Manner { language: &settings.language, math: false };
    let rendered = render::render("about.md", &reading, manner, &folder);
    diagnostics.extend(rendered.diagnostics);
    Some(rendered.html)
}

fn publication(
    Visible { read, header, path }: Visible,
    (rendered, origin): (Rendered, Origin),
    settings: &Settings,
) -> Publication {
    let summary = PostSummary {
        path,
        title: header.title,
        date: header.date.day,
        published_at: header.date.at,
        updated: header.updated,
        brev: header.brev,
        tags: header.tags,
        series: header.series,
        lang: header.lang.unwrap_or_else(|| settings.language.clone()),
        words: rendered.words,
        minutes: rendered.minutes,
    };
    let mut post = Post {
        summary,
        detail: PostDetail {
            description: header.description,
            keywords: header.keywords,
            outline: rendered.outline,
        },
        text: rendered.text,
        hash: content_hash(&[]),
    };
    post.hash = version(&post);
    let File { name, path: file } = read.file;
    let (html, aliases, source) = (rendered.html, header.aliases, read.source);
    Publication { post, html, aliases, name, file, source, origin }
}

/// The hash of all that the store keeps of a post, before it has one.
fn version(post: &Post) -> ContentHash {
    let text = serde_json::to_vec(post).unwrap_or_else(|_| unreachable!("a post is plain data"));
    content_hash(&text)
}

#[cfg(test)]
mod tests;
