//! PNG with a palette (ISO/IEC 15948), which is all that a card needs.

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use std::io::{self, Write};

/// A picture of rows of `width` pixels, each a place in `palette`.
pub(super) fn encode(width: usize, palette: &[[u8; 3]], pixels: &[u8]) -> io::Result<Vec<u8>> {
    let side = |pixels: usize| u32::try_from(pixels).map_err(io::Error::other);
    let mut header = Vec::new();
    header.extend(side(width)?.to_be_bytes());
    header.extend(side(pixels.len() / width)?.to_be_bytes());
    // 8 bits, palette, deflate, no filter, not interlaced.
    header.extend([8, 3, 0, 0, 0]);
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::new(9));
    for row in pixels.chunks_exact(width) {
        rows.write_all(&[0])?;
        rows.write_all(row)?;
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, *b"IHDR", &header)?;
    chunk(&mut png, *b"PLTE", &palette.concat())?;
    chunk(&mut png, *b"IDAT", &rows.finish()?)?;
    chunk(&mut png, *b"IEND", &[])?;
    Ok(png)
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) -> io::Result<()> {
    let mut crc = Crc::new();
    crc.update(&kind);
    crc.update(data);
    png.extend(u32::try_from(data.len()).map_err(io::Error::other)?.to_be_bytes());
    png.extend(kind);
    png.extend(data);
    png.extend(crc.sum().to_be_bytes());
    Ok(())
}
