//! Smaller forms of pictures: the same in WebP, as wide as pages show them.
//!
//! Which forms there are, and where, follows from the picture's hash and width alone, so that pages
//! can be written before any is drawn, and a form that a release has need not be drawn again.

mod encode;
mod profile;

pub(crate) use self::encode::draw;

use crate::media::Medium;
use release::content_hash;

/// Part of every address: raise it when forms are drawn otherwise.
const VERSION: &str = "1";
/// In pixels: a telephone at one and two pixels a point, the column at one and two.
const WIDTHS: [u32; 4] = [480, 720, 1080, 1440];
/// A picture that is not much wider than this has one form of its own width.
const WIDEST: u32 = 1728;
/// Below this there is nothing to win.
const MIN_BYTES: usize = 4096;
/// The longest side that WebP can have.
const MAX_SIDE: u64 = 16383;
/// A picture that would take more memory than a build should is left as it is.
const MAX_PIXELS: u64 = 64_000_000;

/// What a form is made into.
pub(crate) const TYPE: &str = "image/webp";

/// One smaller form of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) route: String,
    /// In pixels.
    pub(crate) width: u32,
}

/// The forms of `medium`, narrowest first; none, if it is best left alone.
pub(crate) fn forms(medium: &Medium) -> Vec<Form> {
    let Some((width, height)) = medium.size.filter(|_| medium.has_variants) else {
        return Vec::new();
    };
    let own = (width <= WIDEST).then_some(width);
    // A form that is hardly narrower than the next wins nothing.
    let narrower = WIDTHS.into_iter().filter(|form| form * 100 <= width * 85);
    narrower
        .chain(own)
        .filter(|form| u64::from(*form) * u64::from(height) <= MAX_SIDE * u64::from(width))
        .map(|form| Form { route: route(medium, form), width: form })
        .collect()
}

/// Names all that a form is made from.
fn route(medium: &Medium, width: u32) -> String {
    let made_from = format!("{VERSION}\0{}\0{width}", medium.hash);
    format!("/media/{}.webp", content_hash(made_from.as_bytes()).short())
}

/// Whether smaller forms of a file with this content are worth having: of PNG and JPEG, if they are
/// not tiny, not huge, and do not move.
pub(crate) fn are_worth_having(bytes: &[u8], content_type: &str, size: Option<(u32, u32)>) -> bool {
    let is_still = match content_type {
        "image/jpeg" => true,
        "image/png" => !is_animated(bytes),
        _ => return false,
    };
    let pixels = size.map_or(0, |(width, height)| u64::from(width) * u64::from(height));
    is_still && bytes.len() >= MIN_BYTES && (1..=MAX_PIXELS).contains(&pixels)
}

/// Whether a PNG has an `acTL` chunk, which stands before the picture (PNG 3rd edition §11.3.4.1).
fn is_animated(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((head, after)) = rest.split_at_checked(8) {
        match &head[4..] {
            b"acTL" => return true,
            b"IDAT" => return false,
            _ => {}
        }
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        // The chunk's checksum is behind it.
        let skipped = usize::try_from(length).ok().and_then(|length| length.checked_add(4));
        rest = skipped.and_then(|skipped| after.get(skipped..)).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests;
