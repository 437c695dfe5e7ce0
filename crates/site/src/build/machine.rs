//! What programs read: feeds, sitemap, robots.txt, llms.txt, security.txt, the web manifest.

use super::Pages;
use crate::item::Item;
use crate::page::{Frame, value};
use crate::{Publication, SiteError};
use minijinja::context;
use minijinja::value::Value;
use serde_json::json;
use std::sync::Arc;

const ATOM: &str = "application/atom+xml; charset=utf-8";
const JSON_FEED: &str = "application/feed+json; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const XML: &str = "application/xml; charset=utf-8";
/// Readers' programs fetch often; older posts are in the archive.
const FEED_ENTRIES: usize = 20;

impl Pages {
    pub(super) fn machines(
        &mut self,
        posts: &[Publication],
        items: &[Arc<Item>],
        lists: &[String],
        frame: &Frame,
    ) -> Result<(), SiteError> {
        let settings = frame.settings;
        let base = &settings.base_url;
        let newest: Vec<(&Arc<Item>, String)> = items
            .iter()
            .zip(posts)
            .take(FEED_ENTRIES)
            .map(|(item, post)| (item, standing_alone(&post.html, base)))
            .collect();
        if settings.feed {
            let entries = newest.iter().map(|(item, body)| context! { post => value(item), body });
            let entries: Value = entries.collect();
            let updated = newest.iter().map(|(item, _)| item.modified()).max().unwrap_or_default();
            let updated = updated.to_string();
            let feed = frame.page("feed.xml", "/feed.xml", context! { entries, updated })?;
            self.page("/feed.xml".into(), ATOM, feed.into_bytes());
        }
        if settings.json_feed {
            self.page("/feed.json".into(), JSON_FEED, json_feed(&newest, frame));
        }
        let all: Value = items.iter().map(value).collect();
        let sitemap = context! { posts => all.clone(), lists => lists.to_vec() };
        let sitemap = frame.page("sitemap.xml", "/sitemap.xml", sitemap)?;
        self.page("/sitemap.xml".into(), XML, sitemap.into_bytes());
        let llms = frame.page("llms.txt", "/llms.txt", context! { posts => all })?;
        self.page("/llms.txt".into(), TEXT, llms.into_bytes());
        // Result lists have no end and are in no sitemap.
        let robots =
            format!("User-agent: *\nAllow: /\nDisallow: /api/\nSitemap: {base}/sitemap.xml\n");
        self.page("/robots.txt".into(), TEXT, robots.into_bytes());
        if !settings.security.contact.is_empty() {
            let text = format!(
                "Contact: {}\nExpires: {}\nPreferred-Languages: {}\n\
                 Canonical: {base}/.well-known/security.txt\n",
                settings.security.contact, settings.security.expires, settings.language
            );
            self.page("/.well-known/security.txt".into(), TEXT, text.into_bytes());
        }
        let manifest = json!({
            "name": settings.title,
            "short_name": settings.title,
            "lang": settings.language,
            "start_url": "/",
            "display": "minimal-ui",
            "background_color": "#faf7f0",
            "theme_color": "#faf7f0",
            "icons": [
                { "src": "/favicon.svg", "sizes": "any", "type": "image/svg+xml" },
                { "src": "/icon-512.png", "sizes": "512x512", "type": "image/png" },
            ],
        });
        let manifest = manifest.to_string().into_bytes();
        self.page("/site.webmanifest".into(), "application/manifest+json", manifest);
        Ok(())
    }
}

/// JSON Feed 1.1.
fn json_feed(newest: &[(&Arc<Item>, String)], frame: &Frame) -> Vec<u8> {
    let settings = frame.settings;
    let base = &settings.base_url;
    let items: Vec<_> = newest
        .iter()
        .map(|(item, body)| {
            let post = &item.post;
            let url = format!("{base}{}", post.path.url());
            json!({
                "id": url,
                "url": url,
                "title": post.title,
                "summary": post.brev,
                "content_html": body,
                "date_published": post.published_at,
                "date_modified": item.modified(),
                "language": post.lang,
                "tags": post.tags,
            })
        })
        .collect();
    let author = if settings.author.is_empty() { &settings.title } else { &settings.author };
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": settings.title,
        "description": settings.description,
        "home_page_url": format!("{base}/"),
        "feed_url": format!("{base}/feed.json"),
        "language": settings.language,
        "icon": format!("{base}/icon-512.png"),
        "favicon": format!("{base}/favicon.ico"),
        "authors": [{ "name": author }],
        "items": items,
    });
    feed.to_string().into_bytes()
}

/// A body as it is read elsewhere: with whole addresses, and without what needs this site's style.
fn standing_alone(html: &str, base: &str) -> String {
    let html = without(html, "<details class=\"fold\">", "</details>");
    let html = without(&html, "<a class=\"anchor\"", "</a>");
    // The programs that read feeds show the picture itself.
    let html = without(&html, "<source ", ">");
    html.replace(" href=\"/", &format!(" href=\"{base}/"))
        .replace(" src=\"/", &format!(" src=\"{base}/"))
}

/// `html` without what begins with `start` and ends with `end`.
fn without(html: &str, start: &str, end: &str) -> String {
    let mut kept = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once(start) {
        kept.push_str(before);
        rest = after.split_once(end).map_or("", |(_, after)| after);
    }
    kept + rest
}
