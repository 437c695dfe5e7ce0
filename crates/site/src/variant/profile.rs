//! The colour profile of a picture, put into its WebP form, so that both have the same colours.

/// `webp` with the colour profile `icc` (WebP Container Specification, "Extended File Format"). `None`
/// if it is no WebP file, or too large for one.
pub(super) fn added(webp: &[u8], icc: &[u8], (width, height): (u32, u32)) -> Option<Vec<u8>> {
    let body = webp.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WEBP")?;
    let (head, rest) = match body.strip_prefix(b"VP8X") {
        // Four bytes of size, ten of content.
        Some(extended) => (extended.get(4..14)?.to_vec(), extended.get(14..)?),
        None => (extended_head(body, width, height)?, body),
    };
    let mut all = b"WEBP".to_vec();
    chunk(&mut all, *b"VP8X", &head)?;
    all[4 + 8] |= HAS_PROFILE;
    chunk(&mut all, *b"ICCP", icc)?;
    all.extend_from_slice(rest);
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&u32::try_from(all.len()).ok()?.to_le_bytes());
    file.append(&mut all);
    Some(file)
}

const HAS_PROFILE: u8 = 0b0010_0000;
const HAS_ALPHA: u8 = 0b0001_0000;

/// What a simple file says by its only chunk.
fn extended_head(body: &[u8], width: u32, height: u32) -> Option<Vec<u8>> {
    // Only lossless pictures have transparency here: the bit behind both sides, 14 bits each, behind
    // a signature of one byte (WebP Lossless Bitstream Specification §3).
    let is_transparent = body.starts_with(b"VP8L") && body.get(12)? & 0b0001_0000 != 0;
    let mut head = vec![if is_transparent { HAS_ALPHA } else { 0 }, 0, 0, 0];
    for side in [width, height] {
        head.extend_from_slice(&side.checked_sub(1)?.to_le_bytes()[..3]);
    }
    Some(head)
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], content: &[u8]) -> Option<()> {
    file.extend_from_slice(&name);
    file.extend_from_slice(&u32::try_from(content.len()).ok()?.to_le_bytes());
    file.extend_from_slice(content);
    if content.len() % 2 == 1 {
        file.push(0);
    }
    Some(())
}
