//! Links and pictures of posts, looked up in the content folder.

use domain::ContentHash;
use render::{Resolved, Resolver};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A file that posts show: its URL and content.
#[derive(Debug, Clone)]
pub(crate) struct Medium {
    pub(crate) url: String,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
    size: Option<(u32, u32)>,
}

impl Medium {
    fn without_bytes(&self) -> Self {
        let Self { url, content_type, size, .. } = self;
        Self { url: url.clone(), content_type, bytes: Vec::new(), size: *size }
    }
}

/// The pictures that posts were found to show, by their file.
pub(crate) type Media = BTreeMap<PathBuf, Medium>;

/// Answers the links of one post.
pub(crate) struct Folder<'a> {
    /// The content folder, canonical.
    pub(crate) root: &'a Path,
    /// The folder of the post below the root.
    pub(crate) below: &'a Path,
    /// Post file names, relative to the root, to URLs.
    pub(crate) posts: &'a HashMap<String, String>,
    /// Decoded routes of posts, old addresses included, to URLs.
    pub(crate) routes: &'a HashMap<String, String>,
    pub(crate) media: &'a Mutex<Media>,
}

impl Resolver for Folder<'_> {
    fn link(&self, target: &str) -> Resolved {
        if target.starts_with('/') {
            let route = target.trim_end_matches('/');
            return match self.routes.get(route) {
                Some(url) => Resolved::Page { url: url.clone() },
                None if is_list(route) => Resolved::Page { url: target.to_owned() },
                None => self.missing(target),
            };
        }
        let Some(name) = joined(self.below, target) else {
            return Resolved::Missing { suggestion: None };
        };
        match self.posts.get(&name) {
            Some(url) => Resolved::Page { url: url.clone() },
            None => match self.medium(&name) {
                Some(medium) => Resolved::Page { url: medium.url },
                None => self.missing(target),
            },
        }
    }

    fn picture(&self, target: &str) -> Resolved {
        let name = match target.strip_prefix('/') {
            Some(name) => Some(name.to_owned()),
            None => joined(self.below, target),
        };
        match name.and_then(|name| self.medium(&name)) {
            Some(Medium { url, size: Some((width, height)), .. }) => {
                Resolved::Picture { url, width, height }
            }
            Some(Medium { url, .. }) => Resolved::Page { url },
            None => Resolved::Missing { suggestion: None },
        }
    }
}

/// Pages that every site has.
fn is_list(route: &str) -> bool {
    matches!(route, "" | "/archive" | "/tags" | "/about" | "/feed.xml")
        || route.starts_with("/tags/")
}

impl Folder<'_> {
    /// A post whose file has the same name, wherever it is, may be what was meant.
    fn missing(&self, target: &str) -> Resolved {
        let file = target.rsplit('/').next().unwrap_or(target);
        let mut meant: Vec<_> =
            self.posts.keys().filter(|name| name.rsplit('/').next() == Some(file)).collect();
        meant.sort();
        Resolved::Missing { suggestion: meant.first().map(|name| format!("../{name}")) }
    }

    /// Reads the file `name` once. Markdown is never a medium, nor is what lies outside the root.
    fn medium(&self, name: &str) -> Option<Medium> {
        let (content_type, extension) = content_type(name)?;
        let path = fs::canonicalize(self.root.join(name)).ok()?;
        if !path.starts_with(self.root) {
            return None;
        }
        let mut media = self.media.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(medium) = media.get(&path) {
            return Some(medium.without_bytes());
        }
        let bytes = fs::read(&path).ok()?;
        let hash: ContentHash = release::content_hash(&bytes);
        let size = imagesize::blob_size(&bytes).ok();
        let size = size.and_then(|size| {
            Some((u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?))
        });
        let url = format!("/media/{}.{extension}", hash.short());
        let medium = Medium { url, content_type, bytes, size };
        let found = medium.without_bytes();
        media.insert(path, medium);
        Some(found)
    }
}

/// What may be served beside posts, by the file's ending.
fn content_type(name: &str) -> Option<(&'static str, String)> {
    let extension = Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
    let content_type = match extension.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        "pdf" => "application/pdf",
        "mp4" => "video/mp4",
        "zip" => "application/zip",
        _ => return None,
    };
    Some((content_type, extension))
}

/// `target` seen from the folder `below`; `None` if it leaves the content folder.
fn joined(below: &Path, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = below.iter().filter_map(|part| part.to_str()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
