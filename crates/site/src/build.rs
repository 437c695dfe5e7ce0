//! From what was gathered to a release: every page, feed, medium and redirect.

use crate::media::Medium;
use crate::page::{
    Archive, Article, Feed, FeedEntry, Frame, Home, Labels, OutlineEntry, Plain, Sitemap, Tagged,
    Tags,
};
use crate::{Gathered, Publication, SiteError};
use askama::Template;
use domain::{ContentHash, PostSummary, Tag};
use rayon::prelude::*;
use release::{CachePolicy, Compression, ReleaseWriter, Written, content_hash};
use render::{Diagnostic, Severity};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

const HTML: &str = "text/html; charset=utf-8";
const MARKDOWN: &str = "text/markdown; charset=utf-8";
const STYLE: &str = include_str!("../../../theme/assets/style.css");
const NOT_FOUND: &str = "/404";
/// Readers' programs fetch often; older posts are in the archive.
const FEED_ENTRIES: usize = 20;
/// As many as keep every core busy, and no more in memory.
const ARTICLES_AT_ONCE: usize = 512;

/// What [`build`] did.
#[derive(Debug)]
pub struct Built {
    /// What was written.
    pub written: Written,
    /// Addresses that two things wanted.
    pub diagnostics: Vec<Diagnostic>,
}

/// Writes what was gathered to the folder `out` as a release, and beside it the cache that
/// [`regather`](crate::regather) takes from.
///
/// # Errors
///
/// [`SiteError::NoPosts`] (`content` is named in it) if there is nothing to publish, the
/// release cannot be written, or [`SiteError::Changed`] if a file is not what was gathered.
pub fn build(
    content: &Path,
    gathered: &Gathered,
    out: &Path,
    compression: Compression,
) -> Result<Built, SiteError> {
    if gathered.posts.is_empty() {
        return Err(SiteError::NoPosts(content.to_owned()));
    }
    let style = format!("/assets/style.{}.css", content_hash(STYLE.as_bytes()).short());
    let language = &gathered.settings.language;
    let labels = Labels::of(language);
    let frame = Frame { site: &gathered.settings, labels, lang: language, style: &style };
    let writer = ReleaseWriter::create(out, compression)?;
    let mut pages = Pages { writer, diagnostics: Vec::new() };

    pages.immutable(style.clone(), "text/css; charset=utf-8", STYLE.as_bytes().to_vec());
    pages.articles(gathered, frame)?;
    pages.home(&gathered.posts, frame)?;
    pages.tags(&gathered.posts, frame)?;
    pages.archive(&gathered.posts, frame)?;
    let about = gathered.about.clone().unwrap_or_default();
    pages.html("/about".into(), &Plain::new(frame, labels.about, &about))?;
    let help =
        format!("<p>{} <a href=\"/archive\">{}</a></p>", labels.not_found_help, labels.archive);
    pages.html(NOT_FOUND.into(), &Plain::new(frame, labels.not_found, &help))?;
    pages.for_machines(gathered)?;
    // Two files with one content have one URL.
    let mut seen = HashSet::new();
    for (path, medium) in gathered.media.iter().filter(|(_, medium)| seen.insert(&medium.url)) {
        let Medium { url, content_type, hash, .. } = medium;
        pages.copy(url, content_type, CachePolicy::Immutable, *hash, path)?;
    }
    pages.redirects(&gathered.posts);

    let posts = gathered.posts.iter().map(|publication| &publication.post);
    let written = pages.writer.finish(posts, NOT_FOUND)?;
    gathered.cache.save(&gathered.posts, &gathered.media);
    Ok(Built { written, diagnostics: pages.diagnostics })
}

/// The pages that go into the release, and the addresses that were wanted twice.
struct Pages {
    writer: ReleaseWriter,
    diagnostics: Vec<Diagnostic>,
}

impl Pages {
    fn page(&mut self, route: String, content_type: &str, bytes: Vec<u8>) {
        let taken = self.writer.file(route, content_type, CachePolicy::Page, bytes);
        self.note(taken);
    }

    fn immutable(&mut self, route: String, content_type: &str, bytes: Vec<u8>) {
        let taken = self.writer.file(route, content_type, CachePolicy::Immutable, bytes);
        self.note(taken);
    }

    fn html(&mut self, route: String, page: &impl Template) -> Result<(), SiteError> {
        self.page(route, HTML, page.render()?.into_bytes());
        Ok(())
    }

    /// Copies the file at `path`, which was gathered with the content `hash`, if the release has
    /// not got it yet.
    fn copy(
        &mut self,
        route: &str,
        content_type: &str,
        cache: CachePolicy,
        hash: ContentHash,
        path: &Path,
    ) -> Result<(), SiteError> {
        let taken = match self.writer.kept(route, content_type, cache, hash) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let unreadable = |source| SiteError::Read { path: path.to_owned(), source };
                let bytes = fs::read(path).map_err(unreadable)?;
                if content_hash(&bytes) != hash {
                    return Err(SiteError::Changed(path.to_owned()));
                }
                self.writer.file(route.to_owned(), content_type, cache, bytes)
            }
            Err(taken) => Err(taken),
        };
        self.note(taken);
        Ok(())
    }

    /// The first to ask for an address has it; the other is reported.
    fn note(&mut self, taken: Result<(), release::RouteTaken>) {
        if let Err(taken) = taken {
            self.diagnostics.push(Diagnostic {
                file: taken.0.clone(),
                line: 1,
                col: 1,
                severity: Severity::Error,
                code: "route-taken".into(),
                message: taken.to_string(),
                remedy: "give one of them another `path` or alias".into(),
            });
        }
    }

    fn articles(&mut self, gathered: &Gathered, frame: Frame) -> Result<(), SiteError> {
        let posts = &gathered.posts;
        let indices: Vec<usize> = (0..posts.len()).collect();
        for indices in indices.chunks(ARTICLES_AT_ONCE) {
            let pages: Vec<String> = indices
                .par_iter()
                .map(|index| article(posts, *index, frame).render())
                .collect::<Result<_, _>>()?;
            for (index, html) in indices.iter().zip(pages) {
                let Publication { post, source, file, .. } = &posts[*index];
                let path = &post.summary.path;
                self.page(path.route(), HTML, html.into_bytes());
                self.copy(&path.raw_route(), MARKDOWN, CachePolicy::Page, *source, file)?;
            }
        }
        Ok(())
    }

    fn home(&mut self, posts: &[Publication], frame: Frame) -> Result<(), SiteError> {
        let url = |number: usize| match number {
            1 => "/".to_owned(),
            number => format!("/page/{number}"),
        };
        let summaries = summaries(posts);
        let chunks: Vec<_> = summaries.chunks(frame.site.page_size).collect();
        for (index, posts) in chunks.iter().enumerate() {
            let number = index + 1;
            let newer = (number > 1).then(|| url(number - 1));
            let older = (number < chunks.len()).then(|| url(number + 1));
            let page = Home::new(frame, posts, url(number), newer, older, number, chunks.len());
            self.html(url(number), &page)?;
        }
        Ok(())
    }

    fn tags(&mut self, posts: &[Publication], frame: Frame) -> Result<(), SiteError> {
        let mut tagged: BTreeMap<&Tag, Vec<&PostSummary>> = BTreeMap::new();
        for post in summaries(posts) {
            for tag in &post.tags {
                tagged.entry(tag).or_default().push(post);
            }
        }
        for (tag, posts) in &tagged {
            self.html(tag.route(), &Tagged::new(frame, tag, posts))?;
        }
        let mut counts: Vec<_> = tagged.iter().map(|(tag, posts)| (*tag, posts.len())).collect();
        counts.sort_by_key(|(tag, posts)| (std::cmp::Reverse(*posts), *tag));
        self.html("/tags".into(), &Tags::new(frame, &counts))
    }

    fn archive(&mut self, posts: &[Publication], frame: Frame) -> Result<(), SiteError> {
        let mut years: Vec<(i16, Vec<&PostSummary>)> = Vec::new();
        for post in summaries(posts) {
            match years.last_mut() {
                Some((year, posts)) if *year == post.date.year() => posts.push(post),
                _ => years.push((post.date.year(), vec![post])),
            }
        }
        self.html("/archive".into(), &Archive::new(frame, &years))
    }

    /// Feed, sitemap, robots.txt.
    fn for_machines(&mut self, gathered: &Gathered) -> Result<(), SiteError> {
        let site = &gathered.settings;
        let posts = summaries(&gathered.posts);
        if site.feed {
            let newest = posts.iter().take(FEED_ENTRIES).copied();
            let entries: Vec<_> =
                newest.map(|post| FeedEntry { post, updated: updated(post) }).collect();
            let updated = entries.iter().map(|entry| entry.updated).max().unwrap_or_default();
            let feed = Feed { site, updated, entries }.render()?;
            self.page("/feed.xml".into(), "application/atom+xml; charset=utf-8", feed.into_bytes());
        }
        let lists = ["/", "/archive", "/tags", "/about"].map(|url| (url.to_owned(), None));
        let posts = posts.iter().map(|post| (post.path.url(), Some(post.date)));
        let sitemap = Sitemap { site, pages: lists.into_iter().chain(posts).collect() }.render()?;
        self.page("/sitemap.xml".into(), "application/xml; charset=utf-8", sitemap.into_bytes());
        let robots = format!("User-agent: *\nAllow: /\nSitemap: {}/sitemap.xml\n", site.base_url);
        self.page("/robots.txt".into(), "text/plain; charset=utf-8", robots.into_bytes());
        Ok(())
    }

    /// The old site's addresses and the headers' aliases.
    fn redirects(&mut self, posts: &[Publication]) {
        for publication in posts {
            let path = &publication.post.summary.path;
            let aliases = publication.aliases.iter().map(|alias| {
                let alias = alias.trim_matches('/');
                format!("/{alias}")
            });
            for from in path.legacy_route().into_iter().chain(aliases) {
                let taken = self.writer.redirect(from, path.url());
                self.note(taken);
            }
        }
    }
}

fn summaries(posts: &[Publication]) -> Vec<&PostSummary> {
    posts.iter().map(|publication| &publication.post.summary).collect()
}

fn updated(post: &PostSummary) -> jiff::Timestamp {
    post.updated.unwrap_or(post.published_at)
}

fn article<'a>(posts: &'a [Publication], index: usize, frame: Frame<'a>) -> Article<'a> {
    let Publication { post, html, .. } = &posts[index];
    let summary = |index: usize| posts.get(index).map(|publication| &publication.post.summary);
    let depths = domain::nested(&post.outline);
    let outline = post.outline.iter().zip(depths);
    let outline = outline.map(|(heading, depth)| OutlineEntry { heading, depth }).collect();
    let description = post.description.as_deref().unwrap_or(&post.summary.brev);
    // The page is in one language, whatever the site's is: what is written for a reader says so.
    let lang = &post.summary.lang;
    let frame = Frame { lang, labels: Labels::of(lang), ..frame };
    // Newest first: the older post stands behind this one.
    let (previous, next) = (summary(index + 1), index.checked_sub(1).and_then(summary));
    Article::new(frame, &post.summary, description, outline, html, previous, next)
}

#[cfg(test)]
mod tests;
