//! Drawing the forms of one picture.

use super::profile;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader};
use std::collections::HashSet;
use std::io::Cursor;
use webp::{Encoder, WebPConfig};

/// Of photographs and screenshots. Text at this quality has no fringe that an eye sees.
const QUALITY: f32 = 80.0;
/// A drawing of no more colours than this is smaller, and sharp, if nothing of it is lost.
const FEW_COLOURS: usize = 256;

/// The picture `bytes` as WebP, once for each of `widths`. `None` in the place of a form that is not
/// smaller than the picture, and of all if the picture cannot be read.
pub(crate) fn draw(bytes: &[u8], widths: &[u32]) -> Vec<Option<Vec<u8>>> {
    let Some((picture, profile)) = read(bytes) else { return vec![None; widths.len()] };
    let form = |width: &u32| {
        let form = encoded(&picture, *width)?;
        let form = match &profile {
            Some(profile) => profile::added(&form, profile, (*width, height(&picture, *width)))?,
            None => form,
        };
        (form.len() < bytes.len()).then_some(form)
    };
    widths.iter().map(form).collect()
}

/// The picture, upright, as eight bits a channel, and its colour profile.
fn read(bytes: &[u8]) -> Option<(DynamicImage, Option<Vec<u8>>)> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut decoder = reader.into_decoder().ok()?;
    let profile = decoder.icc_profile().ok().flatten();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    picture.apply_orientation(orientation);
    let picture = if picture.color().has_alpha() {
        picture.into_rgba8().into()
    } else {
        picture.into_rgb8().into()
    };
    Some((picture, profile))
}

/// The height of the form that is `width` wide.
fn height(picture: &DynamicImage, width: u32) -> u32 {
    let (whole_width, whole_height) = (u64::from(picture.width()), u64::from(picture.height()));
    let height = (u64::from(width) * whole_height + whole_width / 2) / whole_width.max(1);
    u32::try_from(height).unwrap_or(u32::MAX).max(1)
}

fn encoded(picture: &DynamicImage, width: u32) -> Option<Vec<u8>> {
    let smaller;
    let form = if width == picture.width() {
        picture
    } else {
        smaller = picture.resize_exact(width, height(picture, width), FilterType::Lanczos3);
        &smaller
    };
    let mut config = WebPConfig::new().ok()?;
    config.quality = QUALITY;
    // Red and blue letters on white keep their edges.
    config.use_sharp_yuv = 1;
    if has_few_colours(form) {
        config.lossless = 1;
    }
    let (pixels, width, height) = (form.as_bytes(), form.width(), form.height());
    let encoder = if form.color().has_alpha() {
        Encoder::from_rgba(pixels, width, height)
    } else {
        Encoder::from_rgb(pixels, width, height)
    };
    Some(encoder.encode_advanced(&config).ok()?.to_vec())
}

fn has_few_colours(form: &DynamicImage) -> bool {
    let mut seen = HashSet::with_capacity(FEW_COLOURS + 1);
    let bytes = usize::from(form.color().bytes_per_pixel());
    form.as_bytes().chunks_exact(bytes).all(|pixel| {
        seen.insert(pixel);
        seen.len() <= FEW_COLOURS
    })
}
