//! Compressing once, when the release is built, what would otherwise be compressed per request.

use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// A content coding in which a blob is kept beside its plain form (RFC 9110 §8.4.1, RFC 7932,
/// RFC 8878).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Brotli.
    Br,
    /// Zstandard.
    Zstd,
    /// gzip.
    Gzip,
}

impl Encoding {
    /// All of them, the one that makes text smallest first.
    pub const ALL: [Self; 3] = [Self::Br, Self::Zstd, Self::Gzip];

    /// The token in `Accept-Encoding` and `Content-Encoding`.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Br => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// The suffix of the blob's file name, without the dot.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Br => "br",
            Self::Zstd => "zst",
            Self::Gzip => "gz",
        }
    }
}

/// How much work to spend on making text smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// None: plain blobs only.
    None,
    /// All three encodings at levels where more work gains little.
    #[default]
    Balanced,
}

/// Below this a compressed answer saves no packet.
const SMALLEST_BYTES: u64 = 256;

impl Compression {
    /// Whether encodings of `bytes` bytes of this type are tried: not of media, which is compressed
    /// already.
    pub(crate) fn tries(self, content_type: &str, bytes: u64) -> bool {
        self == Self::Balanced && bytes >= SMALLEST_BYTES && is_text(content_type)
    }

    /// The encodings of `bytes` that are worth keeping: only those that are smaller than the plain
    /// form.
    ///
    /// # Errors
    ///
    /// An encoder failed, which for memory to memory means that memory ran out.
    pub(crate) fn encode(self, bytes: &[u8]) -> io::Result<Vec<Encoded>> {
        if self == Self::None {
            return Ok(Vec::new());
        }
        let mut kept = Vec::with_capacity(Encoding::ALL.len());
        for encoding in Encoding::ALL {
            let encoded = match encoding {
                Encoding::Br => brotli(bytes)?,
                Encoding::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL)?,
                Encoding::Gzip => gzip(bytes)?,
            };
            if encoded.len() < bytes.len() {
                kept.push((encoding, encoded));
            }
        }
        Ok(kept)
    }
}

/// One compressed form.
pub(crate) type Encoded = (Encoding, Vec<u8>);

/// On pages of 10–60 KB: 11 is 4 % smaller than 9 and takes ten times as long.
const BROTLI_QUALITY: i32 = 9;
/// 2^22 bytes: no page is larger.
const BROTLI_WINDOW: i32 = 22;
const ZSTD_LEVEL: i32 = 12;
const GZIP_LEVEL: u32 = 7;

fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut encoded = Vec::with_capacity(bytes.len() / 3);
    brotli::BrotliCompress(&mut &bytes[..], &mut encoded, &params)?;
    Ok(encoded)
}

/// Without name and time in the gzip header (RFC 1952 §2.3), so the same text gives the same bytes.
fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let room = Vec::with_capacity(bytes.len() / 3);
    let mut encoder = flate2::write::GzEncoder::new(room, flate2::Compression::new(GZIP_LEVEL));
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Whether this type is made of text and gets smaller.
fn is_text(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.starts_with("text/")
        || essence.ends_with("+xml")
        || essence.ends_with("+json")
        || matches!(essence, "application/json" | "application/javascript" | "application/xml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn every_encoding_reads_back_as_it_was() {
        let text = "墨栈 ink on paper. ".repeat(100).into_bytes();

        let encoded = Compression::Balanced.encode(&text).unwrap();

        assert_eq!(encoded.len(), 3);
        for (encoding, bytes) in encoded {
            let mut decoded = Vec::new();
            match encoding {
                Encoding::Br => {
                    brotli::BrotliDecompress(&mut &bytes[..], &mut decoded).unwrap();
                }
                Encoding::Zstd => decoded = zstd::bulk::decompress(&bytes, text.len()).unwrap(),
                Encoding::Gzip => {
                    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut decoded).unwrap();
                }
            }
            assert!(decoded == text, "{}", encoding.token());
        }
    }

    #[test]
    fn media_and_short_text_stay_as_they_are() {
        assert!(!Compression::Balanced.tries("image/png", 4096));
        assert!(!Compression::Balanced.tries("text/plain", 100));
        assert!(!Compression::None.tries("text/plain", 4096));
        assert!(Compression::Balanced.tries("image/svg+xml", 4096));
    }
}
