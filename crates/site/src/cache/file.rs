//! The cache's file.
//!
//! ```text
//! rendered posts, one behind the other
//! table                                 where each is, and the pictures
//! 8 bytes                               where the table begins
//! 32 bytes                              hash of program, that place and table
//! ```
//!
//! What is new is written over the table, and a new table behind it, so a changed post costs its
//! own size and not that of the blog. When more than half is of posts that are gone, all is written
//! anew. A file that is not whole has no end that fits, and is as good as none.

use super::Stamp;
use domain::ContentHash;
use release::content_hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What the cache knows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Table {
    /// The instant before anything was read, in nanoseconds since 1970.
    pub(super) taken: i128,
    /// By file.
    pub(super) posts: BTreeMap<String, Slot>,
    /// By canonical path.
    pub(super) pictures: BTreeMap<String, Picture>,
}

/// Where a rendered post is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slot {
    source: [u8; 32],
    start: u64,
    bytes: u64,
    hash: [u8; 32],
}

/// What is known of a picture or another medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Picture {
    pub(super) stamp: Stamp,
    pub(crate) hash: [u8; 32],
    pub(crate) size: Option<(u32, u32)>,
    pub(crate) has_variants: bool,
}

/// The rendered posts of a whole cache file.
#[derive(Debug)]
pub(super) struct Entries {
    file: Mutex<File>,
    end: u64,
}

const PLACE_BYTES: usize = 8;
const END_BYTES: usize = PLACE_BYTES + 32;

impl Table {
    /// Whether a build would learn the same from both.
    pub(super) fn says_same_as(&self, other: &Self) -> bool {
        self.posts == other.posts && self.pictures == other.pictures
    }
}

impl Slot {
    pub(super) fn is_of(&self, source: ContentHash) -> bool {
        self.source == *source.as_bytes()
    }
}

impl Entries {
    /// Opens the file at `path` if `program` wrote it and it is whole.
    pub(super) fn open(path: &Path, program: &str) -> Option<(Self, Table)> {
        let mut file = File::open(path).ok()?;
        let place = file.metadata().ok()?.len().checked_sub(END_BYTES as u64)?;
        file.seek(SeekFrom::Start(place)).ok()?;
        let mut end = [0; END_BYTES];
        file.read_exact(&mut end).ok()?;
        let (start, hash) = end.split_first_chunk::<PLACE_BYTES>()?;
        let start = u64::from_le_bytes(*start);
        let table = read(&mut file, start, place.checked_sub(start)?).ok()?;
        if *hash != seal(program, start, &table) {
            return None;
        }
        let table = postcard::from_bytes(&table).ok()?;
        Some((Self { file: Mutex::new(file), end: start }, table))
    }

    /// The bytes in `slot`, if they are what was put there.
    pub(super) fn read(&self, slot: &Slot) -> Option<Vec<u8>> {
        slot.start.checked_add(slot.bytes).filter(|end| *end <= self.end)?;
        let bytes = {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            read(&mut file, slot.start, slot.bytes).ok()?
        };
        (*content_hash(&bytes).as_bytes() == slot.hash).then_some(bytes)
    }
}

fn read(file: &mut File, start: u64, bytes: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(start))?;
    let mut buffer = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
    file.read_exact(&mut buffer)?;
    Ok(buffer)
}

/// By this the end of the file shows that it belongs to the table and both to the program.
fn seal(program: &str, start: u64, table: &[u8]) -> [u8; 32] {
    *content_hash(&[program.as_bytes(), &start.to_le_bytes(), table].concat()).as_bytes()
}

/// Writes the posts that `table` has from `old`, the `fresh` ones and the table.
pub(super) fn write(
    path: &Path,
    program: &str,
    old: Option<&Entries>,
    mut table: Table,
    fresh: impl Iterator<Item = (String, ContentHash, Vec<u8>)>,
) -> io::Result<()> {
    let kept: u64 = table.posts.values().map(|slot| slot.bytes).sum();
    if let Some(old) = old.filter(|old| old.end / 2 <= kept) {
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.set_len(old.end)?;
        file.seek(SeekFrom::Start(old.end))?;
        return append(file, old.end, program, table, fresh);
    }
    let partial = path.with_extension("partial");
    let mut file = BufWriter::new(File::create(&partial)?);
    let mut start = 0;
    table.posts.retain(|_, slot| {
        let Some(bytes) = old.and_then(|old| old.read(slot)) else { return false };
        slot.start = start;
        start += slot.bytes;
        file.write_all(&bytes).is_ok()
    });
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    append(file, start, program, table, fresh)?;
    fs::rename(partial, path)
}

/// Writes what is new at the place `start` of `file`, where it stands.
fn append(
    file: File,
    mut start: u64,
    program: &str,
    mut table: Table,
    fresh: impl Iterator<Item = (String, ContentHash, Vec<u8>)>,
) -> io::Result<()> {
    let mut file = BufWriter::new(file);
    for (name, source, entry) in fresh {
        file.write_all(&entry)?;
        let (source, bytes) = (*source.as_bytes(), entry.len() as u64);
        let hash = *content_hash(&entry).as_bytes();
        table.posts.insert(name, Slot { source, start, bytes, hash });
        start += bytes;
    }
    let text = postcard::to_stdvec(&table).map_err(io::Error::other)?;
    file.write_all(&text)?;
    file.write_all(&start.to_le_bytes())?;
    file.write_all(&seal(program, start, &text))?;
    file.flush()
}
