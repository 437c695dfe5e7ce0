//! The addresses of posts, and the links that need them.

use super::{Visible, problem};
use crate::cache::{Cache, Origin, Recording};
use crate::media::{Folder, Media};
use render::{Diagnostic, Manner, Rendered, Severity};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Mutex;

/// The addresses of all posts that are shown.
pub(super) struct Addresses {
    /// By file.
    posts: HashMap<String, String>,
    /// By decoded route, old addresses included.
    routes: HashMap<String, String>,
    /// File names without their folders, to the first of the files that have them.
    namesakes: HashMap<String, String>,
    /// Whether browsers are offered smaller forms of pictures.
    has_variants: bool,
}

impl Addresses {
    pub(super) fn of(visible: &[Visible], has_variants: bool) -> Self {
        let (mut posts, mut routes) = (HashMap::new(), HashMap::new());
        let mut namesakes: HashMap<String, String> = HashMap::new();
        for Visible { read, path, .. } in visible {
            let name = &read.file.name;
            posts.insert(name.clone(), path.url());
            routes.insert(path.raw_route(), path.url());
            routes.insert(path.route(), path.url());
            if let Some(legacy) = path.legacy_route() {
                routes.insert(legacy, path.url());
            }
            let last = name.rsplit('/').next().unwrap_or(name);
            match namesakes.get_mut(last) {
                Some(first) if *first <= *name => {}
                Some(first) => first.clone_from(name),
                None => {
                    namesakes.insert(last.to_owned(), name.clone());
                }
            }
        }
        Self { posts, routes, namesakes, has_variants }
    }

    /// The folder as the post `name` sees it.
    pub(super) fn folder<'a>(
        &'a self,
        root: &'a Path,
        name: &'a str,
        cache: &'a Cache,
        media: &'a Mutex<Media>,
    ) -> Folder<'a> {
        Folder {
            root,
            below: Path::new(name).parent().unwrap_or(Path::new("")),
            posts: &self.posts,
            routes: &self.routes,
            namesakes: &self.namesakes,
            cache,
            media,
            has_variants: self.has_variants,
        }
    }

    /// The body of a post, from the cache if that still holds; what it says by itself is in the
    /// post's language or else in `language`. The Markdown is not needed after.
    pub(super) fn rendered(
        &self,
        root: &Path,
        Visible { read, header, .. }: &mut Visible,
        language: &str,
        cache: &Cache,
        media: &Mutex<Media>,
    ) -> (Rendered, Origin) {
        let name = &read.file.name;
        let folder = self.folder(root, name, cache, media);
        let language = header.lang.as_deref().unwrap_or(language);
        let rendered = cache.post(name, read.source, language, &folder).unwrap_or_else(|| {
            let recording = Recording::new(&folder);
            let manner = Manner { language, math: header.math };
            let rendered = render::render(name, &read.reading, manner, &recording);
            let origin = Origin::fresh(recording.finish(), &rendered);
            (rendered, origin)
        });
        read.reading.body = String::new();
        rendered
    }
}

/// Links to anchors that no heading has.
pub(super) fn lost_fragments(
    visible: &[Visible],
    rendered: &[(Rendered, Origin)],
) -> Vec<Diagnostic> {
    let posts = || visible.iter().zip(rendered.iter().map(|(rendered, _)| rendered));
    let anchors: HashMap<String, HashSet<&str>> = posts()
        .map(|(post, body)| (post.path.url(), body.anchors.iter().map(String::as_str).collect()))
        .collect();
    let mut lost = Vec::new();
    for (Visible { read, path, .. }, body) in posts() {
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
