//! Reading a backup, and not believing it before its end.

use super::canonical::LINE_START;
use super::{BackupError, BackupSummary, FORMAT, Footer, Header};
use serde::Deserialize;
use std::collections::BTreeMap;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// The longest line that is read. A document has at most 16 MiB; nothing makes it more than eight
/// times as long.
const LONGEST_LINE: u64 = 256 * 1024 * 1024;

/// Reads lines, and compares what was read with what the last one says.
pub(super) struct BackupReader<R> {
    from: R,
    header: Header,
    hasher: blake3::Hasher,
    collections: BTreeMap<String, u64>,
    line: Vec<u8>,
    read: u64,
    /// There when all was found whole.
    footer: Option<Footer>,
}

impl<R: AsyncBufRead + Unpin> BackupReader<R> {
    /// Reads the first line.
    pub(super) async fn open(mut from: R) -> Result<Self, BackupError> {
        #[derive(Deserialize)]
        struct Versioned {
            inkstack_backup: u32,
        }
        let (mut line, mut hasher) = (Vec::new(), blake3::Hasher::new());
        if !read_line(&mut from, &mut line).await.map_err(BackupError::Read)? {
            return Err(BackupError::Truncated(0));
        }
        hasher.update(&line);
        let foreign = |_| BackupError::Foreign("its first line is not one of a backup".to_owned());
        let Versioned { inkstack_backup: found } =
            serde_json::from_slice(&line).map_err(foreign)?;
        if found != FORMAT {
            let what = format!("it has format {found}, this program reads {FORMAT}");
            return Err(BackupError::Foreign(what));
        }
        let header = serde_json::from_slice(&line).map_err(foreign)?;
        let collections = BTreeMap::new();
        Ok(Self { from, header, hasher, collections, line, read: 1, footer: None })
    }

    /// What the first line says.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The next line of a document, and its collection; `None` after the last, when the whole was
    /// found to be what was written.
    pub(super) async fn next(&mut self) -> Result<Option<(String, &[u8])>, BackupError> {
        #[derive(Deserialize)]
        struct Named {
            collection: String,
        }
        if self.footer.is_some() {
            return Ok(None);
        }
        if !read_line(&mut self.from, &mut self.line).await.map_err(BackupError::Read)? {
            return Err(BackupError::Truncated(self.read));
        }
        self.read += 1;
        if !self.line.starts_with(LINE_START) {
            return self.finish().await.map(|()| None);
        }
        self.hasher.update(&self.line);
        let named: Result<Named, _> = serde_json::from_slice(&self.line);
        let Named { collection } = named.map_err(|error| self.altered(error.to_string()))?;
        match self.collections.get_mut(&collection) {
            Some(count) => *count += 1,
            None => {
                self.collections.insert(collection.clone(), 1);
            }
        }
        Ok(Some((collection, &self.line)))
    }

    /// Compares what was read with the line that was read last.
    async fn finish(&mut self) -> Result<(), BackupError> {
        let footer: Result<Footer, _> = serde_json::from_slice(&self.line);
        let footer = footer.map_err(|error| self.altered(error.to_string()))?;
        if footer.blake3 != domain::ContentHash::new(*self.hasher.finalize().as_bytes()) {
            return Err(self.altered("the hash is not that of the lines before".to_owned()));
        }
        let documents: u64 = self.collections.values().sum();
        if footer.collections != self.collections || footer.documents != documents {
            return Err(self.altered("the counts are not those of the lines before".to_owned()));
        }
        let mut more = Vec::new();
        if read_line(&mut self.from, &mut more).await.map_err(BackupError::Read)?
            || !more.is_empty()
        {
            return Err(self.altered("it is followed by more".to_owned()));
        }
        self.footer = Some(footer);
        Ok(())
    }

    /// What was read, when all was.
    pub(super) fn summary(self) -> Result<BackupSummary, BackupError> {
        let Self { header, footer, read, .. } = self;
        let footer = footer.ok_or(BackupError::Truncated(read))?;
        Ok(BackupSummary { header, footer })
    }

    /// The line that was read last is not what was written.
    pub(super) fn altered(&self, what: String) -> BackupError {
        BackupError::Altered { line: self.read, what }
    }
}

/// Reads a whole line, end included. `false` if there is none, or only a part of one.
async fn read_line(
    from: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> std::io::Result<bool> {
    line.clear();
    from.take(LONGEST_LINE).read_until(b'\n', line).await?;
    Ok(line.ends_with(b"\n"))
}
