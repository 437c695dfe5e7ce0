//! Which smaller forms pictures have, and what is in them.

use super::*;
use crate::cache::Stamp;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use std::io::Cursor;

fn medium(width: u32, height: u32) -> Medium {
    let hash = content_hash(b"picture");
    Medium {
        url: "/media/x.png".into(),
        content_type: "image/png",
        hash,
        size: Some((width, height)),
        has_variants: true,
        stamp: Stamp::of(&std::fs::metadata(".").unwrap()),
    }
}

fn widths(width: u32, height: u32) -> Vec<u32> {
    forms(&medium(width, height)).iter().map(|form| form.width).collect()
}

/// A picture with every colour in it, as a photograph has.
fn photograph(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let of = |value: u32| u8::try_from(value % 256).unwrap();
        Rgb([of(x * 255 / width), of(y * 255 / height), of((x * 7 + y * 13) % 97 + 40)])
    })
}

fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn size(bytes: &[u8]) -> (usize, usize) {
    let size = imagesize::blob_size(bytes).unwrap();
    (size.width, size.height)
}

#[test]
fn a_picture_has_its_own_width_and_those_that_are_clearly_narrower() {
    assert_eq!(widths(300, 200), [300]);
    assert_eq!(widths(500, 200), [500]);
    assert_eq!(widths(900, 200), [480, 720, 900]);
    assert_eq!(widths(1500, 900), [480, 720, 1080, 1500]);
    assert_eq!(widths(4000, 3000), [480, 720, 1080, 1440]);
}

#[test]
fn a_form_is_never_higher_than_webp_can_be() {
    assert_eq!(widths(1000, 30_000), [480]);
    assert_eq!(widths(100, 30_000), [0; 0]);
}

#[test]
fn every_form_has_an_address_of_its_own() {
    let forms = forms(&medium(1500, 900));
    let mut routes: Vec<&str> = forms.iter().map(|form| form.route.as_str()).collect();
    routes.sort_unstable();
    routes.dedup();

    assert_eq!(routes.len(), 4);
    assert!(routes.iter().all(|route| route.starts_with("/media/")));
}

#[test]
fn forms_are_smaller_and_as_wide_as_asked() {
    let bytes = png(&photograph(900, 300));

    let drawn = draw(&bytes, &[480, 900]);

    let forms: Vec<&[u8]> = drawn.iter().map(|form| form.as_deref().unwrap()).collect();
    assert_eq!((size(forms[0]), size(forms[1])), ((480, 160), (900, 300)));
    assert!(forms[0].len() < forms[1].len() && forms[1].len() < bytes.len());
    assert!(drawn == draw(&bytes, &[480, 900]), "the same picture gives the same bytes");
}

#[test]
fn a_drawing_of_few_colours_loses_nothing() {
    let picture = RgbImage::from_fn(300, 300, |x, y| {
        if (x * x + y * y) % 500 < 250 { Rgb([255, 0, 0]) } else { Rgb([250, 247, 240]) }
    });
    let bytes = png(&picture);

    let form = draw(&bytes, &[300])[0].clone().unwrap();

    assert_eq!(&form[12..16], b"VP8L");
    let decoded = webp::Decoder::new(&form).decode().unwrap();
    assert!(picture.as_raw()[..] == decoded[..], "every pixel is the same");
}

#[test]
fn what_is_transparent_stays_so() {
    let picture = RgbaImage::from_fn(300, 300, |x, y| {
        let of = |value: u32| u8::try_from(value % 256).unwrap();
        Rgba([of(x), of(y), of(x * y % 251), if x < 150 { 0 } else { 255 }])
    });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();

    let form = draw(&bytes.into_inner(), &[300])[0].clone().unwrap();

    let decoded = webp::Decoder::new(&form).decode().unwrap();
    assert!(decoded.is_alpha());
    assert_eq!((decoded[3], decoded[299 * 4 + 3]), (0, 255));
}

#[test]
fn a_colour_profile_stays_with_the_picture() {
    let profile = vec![7; 33];
    for (picture, kind) in [
        (photograph(400, 400), b"VP8 "),
        (
            RgbImage::from_fn(400, 400, |x, y| Rgb([0, 0, if x * y % 7 < 3 { 9 } else { 90 }])),
            b"VP8L",
        ),
    ] {
        let mut bytes = Vec::new();
        let mut encoder = PngEncoder::new(&mut bytes);
        encoder.set_icc_profile(profile.clone()).unwrap();
        encoder.write_image(&picture, 400, 400, ExtendedColorType::Rgb8).unwrap();

        let form = draw(&bytes, &[400])[0].clone().unwrap();

        // "RIFF", size, "WEBP", then chunks: name, size, content.
        assert_eq!(&form[12..20], b"VP8X\x0a\0\0\0");
        assert_eq!(form[20], 0b0010_0000);
        assert_eq!(&form[30..38], b"ICCP\x21\0\0\0");
        assert_eq!(form[38..71], profile);
        assert_eq!(&form[72..76], kind);
        assert_eq!(size(&form), (400, 400));
        assert_eq!(u32::from_le_bytes(form[4..8].try_into().unwrap()) as usize, form.len() - 8);
        assert_eq!(webp::Decoder::new(&form).decode().unwrap().width(), 400);
    }
}

#[test]
fn a_form_that_is_not_smaller_and_a_picture_that_is_broken_are_left() {
    assert_eq!(draw(b"\x89PNG\r\n\x1a\n no picture", &[300, 480]), [None, None]);
    let noise = RgbImage::from_fn(64, 64, |x, y| {
        let hash = content_hash(&[x.to_le_bytes(), y.to_le_bytes()].concat());
        let bytes = hash.as_bytes();
        Rgb([bytes[0], bytes[1], bytes[2]])
    });
    let small = draw(&png(&noise), &[64])[0].clone().unwrap();

    assert_eq!(draw(&small[..20], &[64]), [None], "WebP is not read");
}

#[test]
fn only_still_pictures_that_are_neither_tiny_nor_huge_have_forms() {
    let bytes = png(&photograph(400, 300));
    let size = Some((400, 300));
    assert!(are_worth_having(&bytes, "image/png", size));
    assert!(!are_worth_having(&bytes, "image/gif", size));
    assert!(!are_worth_having(&bytes, "image/svg+xml", size));
    assert!(!are_worth_having(&bytes[..4000], "image/png", size));
    assert!(!are_worth_having(&bytes, "image/png", None));
    assert!(!are_worth_having(&bytes, "image/png", Some((40_000, 40_000))));

    let mut animated = bytes[..33].to_vec();
    animated.extend_from_slice(b"\0\0\0\x08acTL\0\0\0\x02\0\0\0\0 sum");
    animated.extend_from_slice(&bytes[33..]);
    assert!(!are_worth_having(&animated, "image/png", size));
}
