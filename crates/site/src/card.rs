//! The share picture: a post's title on a card of paper, drawn when the site is built.
//!
//! The font is in this program, so that a card is the same on every machine.

mod line;
mod png;

use crate::SiteError;
use ab_glyph::{Font, FontRef, GlyphId, PxScale, point};
use release::content_hash;

/// What every social network shows whole.
const WIDTH: usize = 1200;
const HEIGHT: usize = 630;
const MARGIN: f32 = 96.0;
/// Part of a card's address: raise it when cards are drawn otherwise.
const VERSION: &str = "1";

/// Noto Serif SC Bold (SIL Open Font License 1.1), cut to GB 2312 and Latin.
const FONT: &[u8] = include_bytes!("../../../theme/fonts/NotoSerifSC-Bold.otf");

/// The words on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Card {
    /// The blog's name.
    pub(crate) site: String,
    pub(crate) title: String,
    /// Below the title: day, author.
    pub(crate) foot: String,
}

/// Shades of one colour on paper; a pixel is the first of a colour's plus how much of it is there.
#[derive(Debug, Clone, Copy)]
enum Colour {
    Ink = 0,
    Seal = 16,
    Faint = 32,
}

const SHADES: u8 = 15;
const PAPER: [u8; 3] = [0xfa, 0xf7, 0xf0];
const COLOURS: [[u8; 3]; 3] = [[0x21, 0x1d, 0x19], [0xb3, 0x26, 0x1e], [0x6a, 0x63, 0x58]];

impl Card {
    /// Where the card is served: it names all that is on it.
    pub(crate) fn route(&self) -> String {
        let Self { site, title, foot } = self;
        let hash = content_hash([VERSION, site, title, foot].join("\0").as_bytes());
        format!("/media/card-{}.png", hash.short())
    }

    /// The card as PNG.
    ///
    /// # Errors
    ///
    /// [`SiteError::Picture`], which would be a fault of this program: the font is a part of it.
    pub(crate) fn draw(&self) -> Result<Vec<u8>, SiteError> {
        let fault = || SiteError::Picture(self.title.clone());
        let font = FontRef::try_from_slice(FONT).map_err(|_| fault())?;
        let mut sheet = Sheet { font, pixels: vec![0; WIDTH * HEIGHT] };
        sheet.seal(MARGIN, MARGIN - 16.0, 80.0);
        sheet.text(&self.site, Colour::Ink, 34.0, MARGIN + 104.0, MARGIN + 36.0);

        let width = 1200.0 - 2.0 * MARGIN;
        let (size, lines) = sheet.fitted(&self.title, width);
        let mut baseline = 300.0 + size * 0.3 - (as_f32(lines.len()) - 2.0) * size * 0.35;
        for line in &lines {
            sheet.text(line, Colour::Ink, size, MARGIN, baseline);
            baseline += size * 1.4;
        }
        for x in 0..as_usize(width) {
            sheet.pixels[540 * WIDTH + as_usize(MARGIN) + x] = Colour::Faint as u8 + 5;
        }
        sheet.text(&self.foot, Colour::Faint, 28.0, MARGIN, 588.0);
        png::encode(WIDTH, &palette(), &sheet.pixels).map_err(|_| fault())
    }
}

/// The card while it is drawn.
struct Sheet<'f> {
    font: FontRef<'f>,
    pixels: Vec<u8>,
}

impl Sheet<'_> {
    /// The largest size at which the title fits, and its lines at that size.
    fn fitted(&self, title: &str, width: f32) -> (f32, Vec<String>) {
        let mut found = (0.0, Vec::new());
        for (size, most) in [(68.0, 3), (56.0, 4), (46.0, 5)] {
            let lines = line::broken(title, width, |text| self.width(text, size));
            let fits = lines.len() <= most;
            found = (size, lines);
            if fits {
                return found;
            }
        }
        found.1.truncate(5);
        if let Some(last) = found.1.last_mut() {
            last.push('…');
        }
        found
    }

    /// The scale at which one em is `size` pixels.
    fn scale(&self, size: f32) -> PxScale {
        let em = self.font.units_per_em().unwrap_or(1000.0);
        PxScale::from(size * self.font.height_unscaled() / em)
    }

    fn advance(&self, glyph: GlyphId, size: f32) -> f32 {
        self.font.h_advance_unscaled(glyph) * size / self.font.units_per_em().unwrap_or(1000.0)
    }

    fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.advance(self.font.glyph_id(c), size)).sum()
    }

    /// Writes `text` from `x` on the line `baseline`.
    fn text(&mut self, text: &str, colour: Colour, size: f32, x: f32, baseline: f32) {
        let mut x = x;
        for c in text.chars() {
            let glyph = self.font.glyph_id(c);
            let advance = self.advance(glyph, size);
            // What the font lacks leaves its place empty.
            if glyph.0 != 0 && x + advance <= 1200.0 {
                self.glyph(glyph, colour, size, x, baseline, false);
            }
            x += advance;
        }
    }

    /// A square with the character for ink cut out of it.
    fn seal(&mut self, x: f32, y: f32, size: f32) {
        let corner = size * 0.07;
        for row in 0..as_usize(size) {
            for column in 0..as_usize(size) {
                let inset = |at: f32| (corner - at.min(size - 1.0 - at)).max(0.0);
                let (dx, dy) = (inset(as_f32(column)), inset(as_f32(row)));
                if dx * dx + dy * dy <= corner * corner {
                    let at = (as_usize(y) + row) * WIDTH + as_usize(x) + column;
                    self.pixels[at] = Colour::Seal as u8 + SHADES;
                }
            }
        }
        let (glyph, inner) = (self.font.glyph_id('墨'), size * 0.76);
        let (x, baseline) = (x + size * 0.12, y + size * 0.12 + inner * 0.86);
        self.glyph(glyph, Colour::Seal, inner, x, baseline, true);
    }

    /// Draws one glyph, or takes it away from what is there.
    fn glyph(&mut self, glyph: GlyphId, colour: Colour, size: f32, x: f32, y: f32, is_cut: bool) {
        let glyph = glyph.with_scale_and_position(self.scale(size), point(x, y));
        let Some(outline) = self.font.outline_glyph(glyph) else { return };
        let bounds = outline.px_bounds();
        outline.draw(|column, row, coverage| {
            let place = |at: u32| f32::from(u16::try_from(at).unwrap_or(u16::MAX));
            let (column, row) = (bounds.min.x + place(column), bounds.min.y + place(row));
            if column < 0.0 || row < 0.0 {
                return;
            }
            let (column, row) = (as_usize(column), as_usize(row));
            if column >= WIDTH || row >= HEIGHT {
                return;
            }
            let shade = as_u8(coverage.clamp(0.0, 1.0) * f32::from(SHADES) + 0.5);
            let shade = if is_cut { SHADES - shade.min(SHADES) } else { shade };
            let pixel = &mut self.pixels[row * WIDTH + column];
            if is_cut || (*pixel & 15) < shade {
                *pixel = colour as u8 + shade;
            }
        });
    }
}

/// The shades of every colour.
fn palette() -> Vec<[u8; 3]> {
    let mixed = |from: u8, to: u8, shade: u8| {
        let (from, to, shade) = (u16::from(from), u16::from(to), u16::from(shade));
        let most = u16::from(SHADES);
        u8::try_from((from * (most - shade) + to * shade) / most).unwrap_or(u8::MAX)
    };
    let shades = COLOURS.iter().flat_map(|colour| {
        (0..=SHADES).map(|shade| std::array::from_fn(|at| mixed(PAPER[at], colour[at], shade)))
    });
    shades.collect()
}

#[expect(clippy::cast_precision_loss, reason = "places on a card are small")]
fn as_f32(place: usize) -> f32 {
    place as f32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places on a card are small and not negative"
)]
fn as_usize(place: f32) -> usize {
    place as usize
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a shade is between 0 and 15"
)]
fn as_u8(shade: f32) -> u8 {
    shade as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(title: &str) -> Card {
        Card { site: "墨栈".into(), title: title.into(), foot: "2026-01-01".into() }
    }

    #[test]
    fn a_card_is_a_picture_of_the_size_that_networks_want() {
        let png = card("没有词典的中文检索：Bigrams").draw().unwrap();

        let size = imagesize::blob_size(&png).unwrap();
        assert_eq!((size.width, size.height), (WIDTH, HEIGHT));
        assert!(png.len() < 40_000, "{}", png.len());
        assert!(png == card("没有词典的中文检索：Bigrams").draw().unwrap());
        assert!(png != card("另一篇").draw().unwrap());
    }

    #[test]
    fn another_title_is_at_another_address() {
        assert_ne!(card("a").route(), card("b").route());
        assert_eq!(card("a").route(), card("a").route());
    }

    #[test]
    fn no_title_is_too_long_or_too_strange() {
        for title in ["", &"墨".repeat(500), &"w".repeat(500), "\u{1f980}\u{0}\u{202e} 龘"] {
            assert!(card(title).draw().is_ok());
        }
    }
}
