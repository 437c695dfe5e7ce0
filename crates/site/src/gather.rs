//! Everything that a content folder holds, with every problem in it.

use crate::content::{self, File};
use crate::media::{Folder, Media};
use crate::{Settings, SiteError};
use domain::{ContentHash, Post, PostPath, PostSummary, Visibility, visibility};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rayon::prelude::*;
use release::content_hash;
use render::{Diagnostic, Header, Reading, Rendered, Severity, Source};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{fs, io};

/// A post that is published.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The post as the store will have it.
    pub post: Post,
    /// Its body.
    pub html: String,
    /// The file as the writer wrote it.
    pub raw: Vec<u8>,
    /// Old addresses, as the header gives them.
    pub aliases: Vec<String>,
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
}

/// A file with its header.
struct Read {
    file: File,
    bytes: Vec<u8>,
    reading: Reading,
}

/// Reads `content` as of the instant `now`.
///
/// # Errors
///
/// [`SiteError`] if the folder or its `site.toml` cannot be used at all. What is wrong with a
/// single file is in [`Gathered::diagnostics`] and keeps back that file alone.
pub fn gather(content: &Path, now: Timestamp) -> Result<Gathered, SiteError> {
    let content = fs::canonicalize(content)
        .map_err(|source| SiteError::Read { path: content.to_owned(), source })?;
    let settings = Settings::read(&content)?;
    let zone = settings.zone().unwrap_or(TimeZone::UTC);
    let mut diagnostics = Vec::new();
    let files = content::files(&content, &settings)?;
    let read: Vec<Result<Read, Diagnostic>> =
        files.into_par_iter().map(|file| read(file, &zone)).collect();
    let mut found = Vec::with_capacity(read.len());
    for read in read {
        match read {
            Ok(read) => found.push(read),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    for read in &found {
        diagnostics.extend(read.reading.diagnostics.iter().cloned());
        if !read.reading.is_post {
            diagnostics.push(no_post(&read.file.name));
        }
    }

    let mut named: Vec<(Read, Header, PostPath)> = Vec::new();
    for mut read in found {
        let Some(header) = read.reading.header.take() else { continue };
        match identity(&header, &read.file.name) {
            Ok(path) => named.push((read, header, path)),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    let named = without_twins(named, &mut diagnostics);

    let (mut drafts, mut scheduled, mut visible) = (0, Vec::new(), Vec::new());
    for (read, header, path) in named {
        match visibility(header.draft, header.date.at, now) {
            Visibility::Published => visible.push((read, header, path)),
            Visibility::Draft => drafts += 1,
            Visibility::Scheduled(at) => scheduled.push((path, at)),
        }
    }

    let urls = Urls::of(&visible);
    let media = Mutex::new(Media::new());
    let rendered: Vec<Rendered> = visible
        .par_iter()
        .map(|(read, ..)| urls.render(&content, &read.file.name, &read.reading, &media))
        .collect();
    diagnostics.extend(rendered.iter().flat_map(|rendered| rendered.diagnostics.iter().cloned()));
    diagnostics.extend(lost_fragments(&visible, &rendered));
    let about = about(&content, &urls, &media, &mut diagnostics);

    let mut posts: Vec<Publication> = visible
        .into_iter()
        .zip(rendered)
        .map(|((read, header, path), rendered)| {
            publication(read, header, path, rendered, &settings)
        })
        .collect();
    posts.sort_by(|one, other| one.post.summary.newest_first(&other.post.summary));
    diagnostics.sort();
    let media = media.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(Gathered { settings, posts, drafts, scheduled, diagnostics, about, media })
}

fn read(file: File, zone: &TimeZone) -> Result<Read, Diagnostic> {
    match fs::read(&file.path) {
        Ok(bytes) => {
            let reading = render::read(Source { file: &file.name, bytes: &bytes }, zone);
            Ok(Read { file, bytes, reading })
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
fn without_twins(
    named: Vec<(Read, Header, PostPath)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(Read, Header, PostPath)> {
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (read, _, path) in &named {
        owners.entry(path.case_key()).or_default().push(read.file.name.clone());
    }
    let mut single = Vec::with_capacity(named.len());
    for (read, header, path) in named {
        let owners = &owners[&path.case_key()];
        if owners.len() == 1 {
            single.push((read, header, path));
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

/// The addresses of all posts that are shown.
struct Urls {
    by_file: HashMap<String, String>,
    by_route: HashMap<String, String>,
}

impl Urls {
    fn of(visible: &[(Read, Header, PostPath)]) -> Self {
        let (mut by_file, mut by_route) = (HashMap::new(), HashMap::new());
        for (read, _, path) in visible {
            by_file.insert(read.file.name.clone(), path.url());
            by_route.insert(path.raw_route(), path.url());
            by_route.insert(path.route(), path.url());
            if let Some(legacy) = path.legacy_route() {
                by_route.insert(legacy, path.url());
            }
        }
        Self { by_file, by_route }
    }

    fn render(&self, root: &Path, name: &str, reading: &Reading, media: &Mutex<Media>) -> Rendered {
        let below = Path::new(name).parent().map_or_else(PathBuf::new, Path::to_owned);
        let folder =
            Folder { root, below: &below, posts: &self.by_file, routes: &self.by_route, media };
        render::render(name, reading, &folder)
    }
}

/// Links to anchors that no heading has.
fn lost_fragments(visible: &[(Read, Header, PostPath)], rendered: &[Rendered]) -> Vec<Diagnostic> {
    let anchors: HashMap<String, HashSet<&str>> = visible
        .iter()
        .zip(rendered)
        .map(|((.., path), body)| (path.url(), body.anchors.iter().map(String::as_str).collect()))
        .collect();
    let mut lost = Vec::new();
    for ((read, _, path), body) in visible.iter().zip(rendered) {
        for link in &body.fragments {
            let url = link.url.clone().unwrap_or_else(|| path.url());
            let Some(anchors) = anchors.get(&url) else { continue };
            // Footnotes have anchors of their own, which are right by construction.
            if anchors.contains(link.fragment.as_str()) || link.fragment.starts_with("fn") {
                continue;
            }
            let message = format!("no heading has the anchor `#{}`", link.fragment);
            let remedy = "copy the anchor from the outline of that post";
            let mut diagnostic =
                problem(&read.file.name, Severity::Warning, "broken-anchor", message, remedy);
            (diagnostic.line, diagnostic.col) = (link.line, link.col);
            lost.push(diagnostic);
        }
    }
    lost
}

/// The writer's own about page: `about.md`, Markdown without a header.
fn about(
    content: &Path,
    urls: &Urls,
    media: &Mutex<Media>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let bytes = fs::read(content.join("about.md")).ok()?;
    let source = Source { file: "about.md", bytes: &bytes };
    let reading = render::read(source, &TimeZone::UTC);
    let rendered = urls.render(content, "about.md", &reading, media);
    diagnostics.extend(rendered.diagnostics);
    Some(rendered.html)
}

fn publication(
    read: Read,
    header: Header,
    path: PostPath,
    rendered: Rendered,
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
        description: header.description,
        keywords: header.keywords,
        outline: rendered.outline,
        text: rendered.text,
        hash: content_hash(&[]),
    };
    post.hash = version(&post);
    Publication { post, html: rendered.html, raw: read.bytes, aliases: header.aliases }
}

/// The hash of all that the store keeps of a post, before it has one.
fn version(post: &Post) -> ContentHash {
    let text = serde_json::to_vec(post).unwrap_or_else(|_| unreachable!("a post is plain data"));
    content_hash(&text)
}

#[cfg(test)]
mod tests;
