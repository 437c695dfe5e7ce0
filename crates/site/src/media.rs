//! Links and pictures of posts, looked up in the content folder.

use crate::cache::{Cache, Stamp};
use crate::variant;
use domain::ContentHash;
use render::{Resolved, Resolver, Variant};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A file that posts show, without its content.
#[derive(Debug, Clone)]
pub(crate) struct Medium {
    pub(crate) url: String,
    pub(crate) content_type: &'static str,
    pub(crate) hash: ContentHash,
    /// Width and height in pixels, of a picture.
    pub(crate) size: Option<(u32, u32)>,
    /// Whether pages offer smaller forms of it.
    pub(crate) has_variants: bool,
    pub(crate) stamp: Stamp,
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
    /// File names without their folders, to the first post file that has that name.
    pub(crate) namesakes: &'a HashMap<String, String>,
    pub(crate) cache: &'a Cache,
    pub(crate) media: &'a Mutex<Media>,
    /// Whether browsers are offered smaller forms of pictures.
    pub(crate) has_variants: bool,
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
            Some(medium) => match medium.size {
                Some((width, height)) => {
                    let variants = self.variants(&medium);
                    Resolved::Picture { url: medium.url, width, height, variants }
                }
                None => Resolved::Page { url: medium.url },
            },
            None => Resolved::Missing { suggestion: None },
        }
    }
}

/// Pages that every site has.
fn is_list(route: &str) -> bool {
    matches!(
        route,
        "" | "/archive"
            | "/tags"
            | "/series"
            | "/about"
            | "/search"
            | "/feed.xml"
            | "/feed.json"
            | "/sitemap.xml"
    ) || route.starts_with("/tags/")
        || route.starts_with("/series/")
}

impl Folder<'_> {
    /// A post whose file has the same name, wherever it is, may be what was meant.
    fn missing(&self, target: &str) -> Resolved {
        let file = target.rsplit('/').next().unwrap_or(target);
        Resolved::Missing { suggestion: self.namesakes.get(file).map(|name| format!("../{name}")) }
    }

    fn variants(&self, medium: &Medium) -> Vec<Variant> {
        let forms = if self.has_variants { variant::forms(medium) } else { Vec::new() };
        let variant = |variant::Form { route, width }| Variant {
            url: route,
            content_type: variant::TYPE.into(),
            width,
        };
        forms.into_iter().map(variant).collect()
    }

    /// Looks at the file `name` once. Markdown is never a medium, nor is what lies outside the
    /// root.
    fn medium(&self, name: &str) -> Option<Medium> {
        let (content_type, extension) = content_type(name)?;
        let path = fs::canonicalize(self.root.join(name)).ok()?;
        if !path.starts_with(self.root) {
            return None;
        }
        let media = || self.media.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(medium) = media().get(&path) {
            return Some(medium.clone());
        }
        let stamp = Stamp::of(&fs::metadata(&path).ok()?);
        let (hash, size, has_variants) = if let Some(known) = self.cache.picture(&path, stamp) {
            (ContentHash::new(known.hash), known.size, known.has_variants)
        } else {
            let bytes = fs::read(&path).ok()?;
            let (hash, size) = measured(&bytes);
            (hash, size, variant::are_worth_having(&bytes, content_type, size))
        };
        let url = format!("/media/{}.{extension}", hash.short());
        let medium = Medium { url, content_type, hash, size, has_variants, stamp };
        // Another post may have looked at the same time; all are to show the same picture.
        Some(media().entry(path).or_insert(medium).clone())
    }
}

/// The hash of a file and, if it is a picture, its width and height.
fn measured(bytes: &[u8]) -> (ContentHash, Option<(u32, u32)>) {
    let size = imagesize::blob_size(bytes).ok();
    let size = size
        .and_then(|size| Some((u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?)));
    (release::content_hash(bytes), size.or_else(|| drawn_size(bytes)))
}

/// The size at which an SVG is drawn: its `width` and `height`, or those of its `viewBox`.
fn drawn_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
    let tag = head.split_once("<svg")?.1.split_once('>')?.0;
    let attribute = |name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}="))?;
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest[1..].split_once(quote).map(|(value, _)| value)
    };
    let pixels = |text: &str| {
        let number: f64 = text.trim().trim_end_matches("px").parse().ok()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range is checked"
        )]
        (1.0..=100_000.0).contains(&number).then(|| number.round() as u32)
    };
    let sides = attribute("width").and_then(pixels).zip(attribute("height").and_then(pixels));
    sides.or_else(|| {
        let mut sides = attribute("viewBox")?.split([' ', ',']).filter(|part| !part.is_empty());
        pixels(sides.nth(2)?).zip(pixels(sides.next()?))
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_has_the_size_that_it_says() {
        assert_eq!(drawn_size(b"<svg x='1' width=\"30px\" height='20'>"), Some((30, 20)));
        assert_eq!(drawn_size(b"<?xml?><svg viewBox=\"0 0 64 32.4\"/>"), Some((64, 32)));
        assert_eq!(drawn_size(b"<svg width='100%' height='5'>"), None);
        assert_eq!(drawn_size(b"GIF"), None);
    }
}
