//! What each page is given.

use crate::inline::Inline;
use crate::item::Item;
use crate::theme::Theme;
use crate::{Settings, SiteError};
use domain::{Heading, Post, PostSummary};
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde_json::json;
use std::sync::Arc;

/// What every page has.
pub(crate) struct Frame<'a> {
    pub(crate) settings: &'a Settings,
    theme: &'a Theme,
    site: Value,
    styles: Value,
    script: Value,
    /// The picture of the site, for pages that have none of their own.
    share: Option<String>,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(settings: &'a Settings, theme: &'a Theme, share: Option<String>) -> Self {
        Self {
            settings,
            theme,
            site: Value::from(Serde(settings)),
            styles: theme.styles.iter().map(Inline::value).collect(),
            script: theme.script.value(),
            share,
        }
    }

    /// The words of the interface in the site's language.
    pub(crate) fn words(&self) -> Value {
        self.theme.words(&self.settings.language)
    }

    /// The page at `url` in the site's language.
    pub(crate) fn page(&self, template: &str, url: &str, own: Value) -> Result<String, SiteError> {
        self.page_in(&self.settings.language, template, url, own)
    }

    /// The page at `url` in `lang`.
    pub(crate) fn page_in(
        &self,
        lang: &str,
        template: &str,
        url: &str,
        own: Value,
    ) -> Result<String, SiteError> {
        let frame = context! {
            site => self.site.clone(),
            words => self.theme.words(lang),
            assets => self.theme.urls.clone(),
            styles => self.styles.clone(),
            script => self.script.clone(),
            share => self.share.as_deref(),
            lang,
            url,
        };
        self.theme.render(template, context! { ..own, ..frame })
    }
}

/// What a post's page shows beside the text.
pub(crate) struct Article<'a> {
    pub(crate) post: &'a Post,
    pub(crate) item: &'a Arc<Item>,
    pub(crate) body: &'a str,
    /// The file's name below the content folder.
    pub(crate) file: &'a str,
    /// The next older post.
    pub(crate) previous: Option<&'a Arc<Item>>,
    /// The next newer post.
    pub(crate) next: Option<&'a Arc<Item>>,
    pub(crate) related: Vec<&'a Arc<Item>>,
    /// All posts of its series, the oldest first.
    pub(crate) series: &'a [Arc<Item>],
    /// The address of its picture.
    pub(crate) share: Option<String>,
}

impl Article<'_> {
    /// The page, in the language of the post: whatever the site's is, what is written for a reader
    /// says so.
    pub(crate) fn page(self, frame: &Frame) -> Result<String, SiteError> {
        let Post { summary, detail, .. } = self.post;
        let url = summary.path.url();
        let description = detail.description.as_deref().unwrap_or(&summary.brev);
        let edit = frame.settings.edit_url.replace("{file}", &encoded(self.file));
        let data = linked_data(self.post, self.item, frame.settings, self.share.as_deref());
        let context = context! {
            post => value(self.item),
            description,
            keywords => detail.keywords.join(", "),
            outline => nested(&detail.outline),
            body => Value::from_safe_string(self.body.to_owned()),
            previous => self.previous.map(value),
            next => self.next.map(value),
            related => self.related.iter().map(|item| value(item)).collect::<Value>(),
            series => values(self.series),
            edit => (!edit.is_empty()).then_some(edit),
            linked_data => Value::from_safe_string(data),
        };
        let context = match self.share {
            Some(share) => context! { share, ..context },
            None => context,
        };
        frame.page_in(&summary.lang, "post.html", &url, context)
    }
}

/// A path, percent-encoded but for its slashes.
pub(crate) fn encoded(file: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const PATH: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(file, PATH).to_string()
}

/// A shared item as a template's value.
pub(crate) fn value(item: &Arc<Item>) -> Value {
    Value::from_dyn_object(Arc::clone(item))
}

/// Items as a template's list.
pub(crate) fn values(items: &[Arc<Item>]) -> Value {
    items.iter().map(value).collect()
}

/// The outline as lists within lists.
fn nested(outline: &[Heading]) -> Value {
    let depths = domain::nested(outline);
    let mut rest = outline.iter().zip(depths).peekable();
    level(&mut rest, 0)
}

fn level<'a>(
    rest: &mut std::iter::Peekable<impl Iterator<Item = (&'a Heading, usize)>>,
    depth: usize,
) -> Value {
    let mut entries: Vec<Value> = Vec::new();
    while let Some((heading, _)) = rest.next_if(|(_, at)| *at == depth) {
        let below = level(rest, depth + 1);
        let (id, text) = (heading.id.as_str(), heading.text.as_str());
        entries.push(context! { id, text, below });
    }
    entries.into()
}

/// The post for search engines (schema.org, JSON-LD 1.1), to be written within `<script>`.
fn linked_data(post: &Post, item: &Item, settings: &Settings, share: Option<&str>) -> String {
    let PostSummary { path, title, brev, tags, lang, words, published_at, .. } = &post.summary;
    let url = format!("{}{}", settings.base_url, path.url());
    let author = if settings.author.is_empty() { &settings.title } else { &settings.author };
    let tags: Vec<&str> = tags.iter().map(domain::Tag::as_str).collect();
    let data = json!({
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "headline": title,
        "description": post.detail.description.as_deref().unwrap_or(brev),
        "datePublished": published_at,
        "dateModified": item.modified(),
        "author": { "@type": "Person", "name": author, "url": format!("{}/about", settings.base_url) },
        "image": share.map(|share| format!("{}{share}", settings.base_url)),
        "inLanguage": lang,
        "wordCount": words,
        "keywords": tags,
        "mainEntityOfPage": url,
        "url": url,
        "isPartOf": { "@type": "Blog", "name": settings.title, "url": format!("{}/", settings.base_url) },
    });
    // `</script>` in a title would end the element.
    data.to_string().replace('<', "\\u003c")
}
