//! The pages' templates, and what each is given.

use crate::Settings;
use askama::Template;
use domain::{Heading, PostSummary, Tag};
use jiff::Timestamp;
use jiff::civil::Date;

/// The words of the interface in one language.
#[derive(Debug)]
pub(crate) struct Labels {
    pub(crate) skip: &'static str,
    pub(crate) menu: &'static str,
    pub(crate) archive: &'static str,
    pub(crate) tags: &'static str,
    pub(crate) about: &'static str,
    pub(crate) pages: &'static str,
    pub(crate) newer: &'static str,
    pub(crate) older: &'static str,
    pub(crate) outline: &'static str,
    pub(crate) words: &'static str,
    pub(crate) minutes: &'static str,
    pub(crate) not_found: &'static str,
    pub(crate) not_found_help: &'static str,
}

const CHINESE: Labels = Labels {
    skip: "跳到正文",
    menu: "主菜单",
    archive: "归档",
    tags: "标签",
    about: "关于",
    pages: "翻页",
    newer: "← 较新",
    older: "较早 →",
    outline: "目录",
    words: "字",
    minutes: "分钟",
    not_found: "没有这一页",
    not_found_help: "它可能改了名字。请从归档里找找看。",
};

const ENGLISH: Labels = Labels {
    skip: "Skip to content",
    menu: "Main menu",
    archive: "Archive",
    tags: "Tags",
    about: "About",
    pages: "Pages",
    newer: "← Newer",
    older: "Older →",
    outline: "Contents",
    words: "words",
    minutes: "min",
    not_found: "No such page",
    not_found_help: "It may have another name now. Try the archive.",
};

impl Labels {
    /// The labels of a BCP 47 language: Chinese, or else English.
    pub(crate) fn of(language: &str) -> &'static Self {
        if language.starts_with("zh") { &CHINESE } else { &ENGLISH }
    }
}

/// What every page has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) site: &'a Settings,
    pub(crate) labels: &'a Labels,
    pub(crate) lang: &'a str,
    pub(crate) style: &'a str,
}

macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident $file:literal { $($field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Template)]
        #[template(path = $file)]
        pub(crate) struct $name<'a> {
            pub(crate) site: &'a Settings,
            pub(crate) labels: &'a Labels,
            pub(crate) lang: &'a str,
            pub(crate) style: &'a str,
            $(pub(crate) $field: $type,)*
        }

        impl<'a> $name<'a> {
            pub(crate) fn new(frame: Frame<'a>, $($field: $type),*) -> Self {
                let Frame { site, labels, lang, style } = frame;
                Self { site, labels, lang, style, $($field),* }
            }
        }
    )*};
}

pages! {
    /// One page of the newest posts.
    Home "home.html" {
        posts: &'a [&'a PostSummary],
        page_url: String,
        newer: Option<String>,
        older: Option<String>,
        number: usize,
        count: usize,
    }
    /// One post.
    Article "post.html" {
        post: &'a PostSummary,
        description: &'a str,
        outline: Vec<OutlineEntry<'a>>,
        body: &'a str,
        previous: Option<&'a PostSummary>,
        next: Option<&'a PostSummary>,
    }
    /// All tags.
    Tags "tags.html" { counts: &'a [(&'a Tag, usize)] }
    /// The posts of one tag.
    Tagged "tag.html" { tag: &'a Tag, posts: &'a [&'a PostSummary] }
    /// All posts by year.
    Archive "archive.html" { years: &'a [(i16, Vec<&'a PostSummary>)] }
    /// A page of text: about, not found.
    Plain "page.html" { title: &'a str, body: &'a str }
}

/// A heading and how deep it lies.
#[derive(Debug)]
pub(crate) struct OutlineEntry<'a> {
    pub(crate) heading: &'a Heading,
    pub(crate) depth: usize,
}

/// The Atom feed (RFC 4287).
#[derive(Debug, Template)]
#[template(path = "feed.xml")]
pub(crate) struct Feed<'a> {
    pub(crate) site: &'a Settings,
    pub(crate) updated: Timestamp,
    pub(crate) entries: Vec<FeedEntry<'a>>,
}

/// One post of the feed.
#[derive(Debug)]
pub(crate) struct FeedEntry<'a> {
    pub(crate) post: &'a PostSummary,
    pub(crate) updated: Timestamp,
}

/// The sitemap (sitemaps.org 0.9).
#[derive(Debug, Template)]
#[template(path = "sitemap.xml")]
pub(crate) struct Sitemap<'a> {
    pub(crate) site: &'a Settings,
    pub(crate) pages: Vec<(String, Option<Date>)>,
}
