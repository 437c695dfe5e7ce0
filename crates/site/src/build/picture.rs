//! Smaller forms of pictures, drawn if the release has not got them yet.

use super::Pages;
use crate::SiteError;
use crate::media::{Media, Medium};
use crate::variant::{self, Form};
use rayon::prelude::*;
use release::{CachePolicy, content_hash};
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// As many as keep every core busy: each takes some megabytes while it is drawn.
const PICTURES_AT_ONCE: usize = 16;

impl Pages {
    /// Answers the address of every form of `media`.
    pub(super) fn variants(&mut self, media: &Media) -> Result<(), SiteError> {
        let mut missing: Vec<(&Path, &Medium, Vec<Form>)> = Vec::new();
        // Two files with one content have one URL.
        let mut seen = HashSet::new();
        for (path, medium) in media.iter().filter(|(_, medium)| seen.insert(&medium.url)) {
            let mut forms = variant::forms(medium);
            forms.retain(|form| !self.writer.kept_route(&form.route).unwrap_or(false));
            if !forms.is_empty() {
                missing.push((path, medium, forms));
            }
        }
        for missing in missing.chunks(PICTURES_AT_ONCE) {
            let drawn: Vec<Vec<(&str, Vec<u8>)>> = missing
                .par_iter()
                .map(|(path, medium, forms)| drawn(path, medium, forms))
                .collect::<Result<_, _>>()?;
            for ((_, _, forms), drawn) in missing.iter().zip(drawn) {
                for (form, (content_type, bytes)) in forms.iter().zip(drawn) {
                    let (route, cache) = (form.route.clone(), CachePolicy::Immutable);
                    let taken = self.writer.file(route, content_type, cache, bytes);
                    self.note(taken);
                }
            }
        }
        Ok(())
    }
}

/// The forms of one picture with their types. In the place of one that would not be smaller, or of a
/// picture that cannot be read, is the picture itself, so that no address is without an answer.
fn drawn<'a>(
    path: &Path,
    medium: &Medium,
    forms: &[Form],
) -> Result<Vec<(&'a str, Vec<u8>)>, SiteError> {
    let bytes =
        fs::read(path).map_err(|source| SiteError::Read { path: path.to_owned(), source })?;
    if content_hash(&bytes) != medium.hash {
        return Err(SiteError::Changed(path.to_owned()));
    }
    let widths: Vec<u32> = forms.iter().map(|form| form.width).collect();
    let form = |drawn: Option<Vec<u8>>| match drawn {
        Some(drawn) => (variant::TYPE, drawn),
        None => (medium.content_type, bytes.clone()),
    };
    Ok(variant::draw(&bytes, &widths).into_iter().map(form).collect())
}
