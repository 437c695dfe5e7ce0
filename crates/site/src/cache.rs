//! What the last build found out, so that the next renders only what changed.
//!
//! A rendered post is believed if its file is the same and every question that it asked of the
//! site has the same answer; a picture, if the system says that nobody wrote to it. The cache is a
//! file beside the release that no reader needs; without it, or when it was made by another
//! program or is damaged, everything is rendered and the release is the same.

mod file;
mod question;
mod stamp;

pub(crate) use self::file::Slot;
pub(crate) use self::question::{Question, Recording};
pub(crate) use self::stamp::Stamp;

use self::file::{Entries, Picture, Table};
use crate::Publication;
use crate::media::{Media, Medium};
use domain::{ContentHash, Heading};
use render::{Diagnostic, FragmentLink, Rendered, Resolver};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The sources of this program, as the build script hashed them.
const PROGRAM: &str = env!("SITE_PROGRAM");

/// The cache of one release, or none.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// Where it is kept, if it is.
    path: Option<PathBuf>,
    entries: Option<Entries>,
    table: Table,
    opened: Option<SystemTime>,
}

/// Where a post's rendering comes from, and what of it the cache keeps and the release does not.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// The cache has it.
    Kept(Slot),
    /// It was rendered now.
    Fresh(Box<Notes>),
}

/// What was found while a post was rendered.
#[derive(Debug, Clone)]
pub(crate) struct Notes {
    questions: Vec<Question>,
    anchors: Vec<String>,
    fragments: Vec<FragmentLink>,
    diagnostics: Vec<Diagnostic>,
}

/// A rendered post in the cache, with what it asked.
#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    language: Cow<'a, str>,
    questions: Cow<'a, [Question]>,
    html: Cow<'a, str>,
    outline: Cow<'a, [Heading]>,
    text: Cow<'a, str>,
    words: u32,
    minutes: u32,
    anchors: Cow<'a, [String]>,
    fragments: Cow<'a, [FragmentLink]>,
    diagnostics: Cow<'a, [Diagnostic]>,
}

impl Cache {
    /// The cache of the release in the folder `release`; empty if there is none to believe.
    pub(crate) fn open(release: &Path) -> Self {
        let path = release.join(".cache");
        // Before anything is read: what is written from now on must not pass as known.
        let opened = Some(SystemTime::now());
        let (entries, table) = Entries::open(&path, PROGRAM).unzip();
        Self { path: Some(path), entries, table: table.unwrap_or_default(), opened }
    }

    /// The rendering of the post `name` in `language`, if its file is `source` and the site answers
    /// as it did.
    pub(crate) fn post(
        &self,
        name: &str,
        source: ContentHash,
        language: &str,
        resolver: &dyn Resolver,
    ) -> Option<(Rendered, Origin)> {
        let slot = self.table.posts.get(name).filter(|slot| slot.is_of(source))?;
        let bytes = self.entries.as_ref()?.read(slot)?;
        let entry: Entry = postcard::from_bytes(&bytes).ok()?;
        let is_same = entry.language == language
            && entry.questions.iter().all(|question| question.has_same_answer(resolver));
        is_same.then(|| (entry.into_rendered(), Origin::Kept(slot.clone())))
    }

    /// What is known of the picture `path`, if nobody can have written to it since.
    pub(crate) fn picture(&self, path: &Path, stamp: Stamp) -> Option<&Picture> {
        let picture = self.table.pictures.get(path.to_str()?)?;
        (picture.stamp == stamp && stamp.is_before(self.table.taken)).then_some(picture)
    }

    /// Writes the cache for the next build, if that could learn anything from it. That it cannot be
    /// written is no failure: the next build takes longer.
    pub(crate) fn save(&self, posts: &[Publication], media: &Media) {
        let Some(path) = &self.path else { return };
        let pictures = media
            .iter()
            .filter_map(|(path, medium)| Some((path.to_str()?.to_owned(), Picture::of(medium))));
        let mut table = Table {
            taken: stamp::nanoseconds(self.opened),
            posts: BTreeMap::new(),
            pictures: pictures.collect(),
        };
        let mut fresh = Vec::new();
        for publication in posts {
            match &publication.origin {
                Origin::Kept(slot) => {
                    table.posts.insert(publication.name.clone(), slot.clone());
                }
                Origin::Fresh(notes) => fresh.push((publication, notes.as_ref())),
            }
        }
        if fresh.is_empty() && self.entries.is_some() && table.says_same_as(&self.table) {
            return;
        }
        let fresh = fresh.into_iter().map(|(publication, notes)| {
            let bytes = postcard::to_stdvec(&Entry::of(publication, notes)).unwrap_or_default();
            (publication.name.clone(), publication.source, bytes)
        });
        if file::write(path, PROGRAM, self.entries.as_ref(), table, fresh).is_err() {
            // Half a cache would not be believed, but it would be in the way.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Picture {
    fn of(medium: &Medium) -> Self {
        Self {
            stamp: medium.stamp,
            hash: *medium.hash.as_bytes(),
            size: medium.size,
            has_variants: medium.has_variants,
        }
    }
}

impl Origin {
    /// Takes from `rendered` what only the cache needs again.
    pub(crate) fn fresh(questions: Vec<Question>, rendered: &Rendered) -> Self {
        let Rendered { anchors, fragments, diagnostics, .. } = rendered;
        Self::Fresh(Box::new(Notes {
            questions,
            anchors: anchors.clone(),
            fragments: fragments.clone(),
            diagnostics: diagnostics.clone(),
        }))
    }
}

impl<'a> Entry<'a> {
    fn of(publication: &'a Publication, notes: &'a Notes) -> Self {
        let Publication { post, html, .. } = publication;
        Self {
            language: (&post.summary.lang).into(),
            questions: (&notes.questions[..]).into(),
            html: html.into(),
            outline: (&post.detail.outline[..]).into(),
            text: (&post.text).into(),
            words: post.summary.words,
            minutes: post.summary.minutes,
            anchors: (&notes.anchors[..]).into(),
            fragments: (&notes.fragments[..]).into(),
            diagnostics: (&notes.diagnostics[..]).into(),
        }
    }

    fn into_rendered(self) -> Rendered {
        Rendered {
            html: self.html.into_owned(),
            outline: self.outline.into_owned(),
            text: self.text.into_owned(),
            words: self.words,
            minutes: self.minutes,
            anchors: self.anchors.into_owned(),
            fragments: self.fragments.into_owned(),
            diagnostics: self.diagnostics.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
