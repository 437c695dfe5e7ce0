//! From what was gathered to a release: every page, feed, medium and redirect.

mod list;
mod machine;
mod picture;

use crate::card::Card;
use crate::item::Item;
use crate::media::Medium;
use crate::page::{Article, Frame};
use crate::policy::policy;
use crate::related::Related;
use crate::theme::Theme;
use crate::{Gathered, Publication, Settings, SiteError};
use domain::ContentHash;
use list::Series;
use minijinja::context;
use minijinja::value::Value;
use rayon::prelude::*;
use release::{CachePolicy, Compression, Release, ReleaseWriter, Written, content_hash};
use render::{Diagnostic, Severity};
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

const HTML: &str = "text/html; charset=utf-8";
const MARKDOWN: &str = "text/markdown; charset=utf-8";
const NOT_FOUND: &str = "/404";
/// As many as keep every core busy, and no more in memory.
const ARTICLES_AT_ONCE: usize = 512;
/// Links to other posts below one.
const RELATED: usize = 3;

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
/// [`SiteError::NoPosts`] (`content` is named in it) if there is nothing to publish, the theme
/// cannot be used, the release cannot be written, or [`SiteError::Changed`] if a file is not what
/// was gathered.
pub fn build(
    content: &Path,
    gathered: &Gathered,
    out: &Path,
    compression: Compression,
) -> Result<Built, SiteError> {
    build_after(content, gathered, out, compression, None)
}

/// Builds the same as [`build`], but takes pictures that the release `earlier`, in another folder, has
/// drawn from there.
///
/// # Errors
///
/// As [`build`].
pub fn build_after(
    content: &Path,
    gathered: &Gathered,
    out: &Path,
    compression: Compression,
    earlier: Option<&Release>,
) -> Result<Built, SiteError> {
    if gathered.posts.is_empty() {
        return Err(SiteError::NoPosts(content.to_owned()));
    }
    let settings = &gathered.settings;
    let theme = Theme::open(content, &settings.style)?;
    let own = settings.share_pictures.then(|| Card {
        site: settings.title.clone(),
        title: if settings.description.is_empty() {
            settings.title.clone()
        } else {
            settings.description.clone()
        },
        foot: settings.author.clone(),
    });
    let frame = Frame::new(settings, &theme, own.as_ref().map(Card::route));
    let zone = settings.zone().unwrap_or(jiff::tz::TimeZone::UTC);
    let items: Vec<Arc<Item>> = gathered
        .posts
        .iter()
        .map(|publication| Arc::new(Item::new(&publication.post.summary, &zone)))
        .collect();
    let series = list::series(&items);
    let writer = ReleaseWriter::create(out, compression)?;
    let writer = writer.borrowing(earlier.cloned()).with_policy(policy(settings, &theme));
    let mut pages = Pages { writer, diagnostics: Vec::new() };

    for asset in &theme.assets {
        let cache = if asset.is_immutable { CachePolicy::Immutable } else { CachePolicy::Page };
        let (route, bytes) = (asset.route.clone(), asset.bytes.clone());
        let taken = pages.writer.file(route, asset.content_type, cache, bytes);
        pages.note(taken);
    }
    let cards: Vec<Card> = if settings.share_pictures {
        items.iter().map(|item| card(item, &frame)).collect()
    } else {
        Vec::new()
    };
    pages.articles(gathered, &items, &series, &cards, &frame)?;
    pages.cards(own.into_iter().chain(cards))?;
    pages.home(&items, &frame)?;
    pages.tags(&items, &frame)?;
    pages.series(&series, &frame)?;
    pages.archive(&items, &frame)?;
    pages.texts(gathered, &frame)?;
    let mut lists: Vec<String> = ["/", "/archive", "/tags", "/about"].map(str::to_owned).into();
    if series.keys().any(|name| crate::item::series(name).is_some()) {
        lists.push("/series".into());
    }
    pages.machines(&gathered.posts, &items, &lists, &frame)?;
    // Two files with one content have one URL.
    let mut seen = HashSet::new();
    for (path, medium) in gathered.media.iter().filter(|(_, medium)| seen.insert(&medium.url)) {
        let Medium { url, content_type, hash, .. } = medium;
        pages.copy(url, content_type, CachePolicy::Immutable, *hash, path)?;
    }
    if settings.picture_variants {
        pages.variants(&gathered.media)?;
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

    fn html(&mut self, route: String, page: String) {
        self.page(route, HTML, page.into_bytes());
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

    fn articles(
        &mut self,
        gathered: &Gathered,
        items: &[Arc<Item>],
        series: &Series,
        cards: &[Card],
        frame: &Frame,
    ) -> Result<(), SiteError> {
        let posts = &gathered.posts;
        let related = Related::new(items.iter().map(|item| &item.post).collect());
        let article = |index: &usize| {
            let Publication { post, html, name, .. } = &posts[*index];
            let beyond = |index: usize| items.get(index);
            let own = post.summary.series.as_deref().and_then(|name| series.get(name));
            let article = Article {
                post,
                item: &items[*index],
                body: html,
                file: name,
                // Newest first: the older post stands behind this one.
                previous: beyond(index + 1),
                next: index.checked_sub(1).and_then(beyond),
                related: related.to(*index, RELATED).iter().map(|index| &items[*index]).collect(),
                series: own.map_or(&[], Vec::as_slice),
                share: cards.get(*index).map(Card::route),
            };
            article.page(frame)
        };
        let indices: Vec<usize> = (0..posts.len()).collect();
        for indices in indices.chunks(ARTICLES_AT_ONCE) {
            let pages: Vec<String> = indices.par_iter().map(article).collect::<Result<_, _>>()?;
            for (index, html) in indices.iter().zip(pages) {
                let Publication { post, source, file, .. } = &posts[*index];
                let path = &post.summary.path;
                self.html(path.route(), html);
                self.copy(&path.raw_route(), MARKDOWN, CachePolicy::Page, *source, file)?;
            }
        }
        Ok(())
    }

    /// Draws the share pictures that the release in this folder has not got yet.
    fn cards(&mut self, cards: impl Iterator<Item = Card>) -> Result<(), SiteError> {
        let mut missing = Vec::new();
        let mut seen = HashSet::new();
        for card in cards {
            let route = card.route();
            if seen.insert(route.clone()) && !self.writer.kept_route(&route).unwrap_or(false) {
                missing.push((route, card));
            }
        }
        for missing in missing.chunks(ARTICLES_AT_ONCE) {
            let drawn: Vec<Vec<u8>> =
                missing.par_iter().map(|(_, card)| card.draw()).collect::<Result<_, _>>()?;
            for ((route, _), bytes) in missing.iter().zip(drawn) {
                let route = route.clone();
                let taken = self.writer.file(route, "image/png", CachePolicy::Immutable, bytes);
                self.note(taken);
            }
        }
        Ok(())
    }

    /// About, search, not found.
    fn texts(&mut self, gathered: &Gathered, frame: &Frame) -> Result<(), SiteError> {
        let words = frame.words();
        let word = |name: &str| words.get_attr(name).unwrap_or_default();
        let body = gathered.about.clone().map(Value::from_safe_string);
        let about = context! { title => word("about"), body, help => word("about_help") };
        self.html("/about".into(), frame.page("page.html", "/about", about)?);
        self.html("/search".into(), frame.page("search.html", "/search", context! {})?);
        let lost = context! {
            title => word("not_found"), help => word("not_found_help"), is_lost => true,
        };
        self.html(NOT_FOUND.into(), frame.page("page.html", NOT_FOUND, lost)?);
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

/// The share picture of one post.
fn card(item: &Item, frame: &Frame) -> Card {
    let Settings { title, author, .. } = frame.settings;
    let date = item.post.date;
    let foot = if author.is_empty() { date.to_string() } else { format!("{date}  ·  {author}") };
    Card { site: title.clone(), title: item.post.title.clone(), foot }
}

#[cfg(test)]
mod tests;
