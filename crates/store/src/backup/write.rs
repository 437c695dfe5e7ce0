//! Writing a backup.

use super::{BackupError, BackupSummary, Footer, Header};
use std::collections::BTreeMap;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};

/// How much is gathered before it is written.
const BUFFER_BYTES: usize = 256 * 1024;

/// Writes lines, and counts and hashes them for the last.
pub(super) struct BackupWriter<W> {
    out: BufWriter<W>,
    hasher: blake3::Hasher,
    header: Header,
    collections: BTreeMap<String, u64>,
}

impl<W: AsyncWrite + Unpin> BackupWriter<W> {
    /// Begins with the first line.
    pub(super) async fn begin(out: W, header: Header) -> Result<Self, BackupError> {
        let line = serde_json::to_vec(&header).map_err(|error| BackupError::Write(error.into()))?;
        let out = BufWriter::with_capacity(BUFFER_BYTES, out);
        let (hasher, collections) = (blake3::Hasher::new(), BTreeMap::new());
        let mut writer = Self { out, hasher, header, collections };
        writer.line(&line).await?;
        Ok(writer)
    }

    /// Writes a document of `collection`, as its line.
    pub(super) async fn document(
        &mut self,
        collection: &str,
        line: &[u8],
    ) -> Result<(), BackupError> {
        self.line(line).await?;
        match self.collections.get_mut(collection) {
            Some(count) => *count += 1,
            None => {
                self.collections.insert(collection.to_owned(), 1);
            }
        }
        Ok(())
    }

    /// Whether no document was written yet.
    pub(super) fn is_empty(&self) -> bool {
        self.collections.is_empty()
    }

    /// Writes the last line.
    pub(super) async fn finish(mut self) -> Result<BackupSummary, BackupError> {
        let footer = Footer {
            documents: self.collections.values().sum(),
            collections: std::mem::take(&mut self.collections),
            blake3: domain::ContentHash::new(*self.hasher.finalize().as_bytes()),
        };
        let line = serde_json::to_vec(&footer).map_err(|error| BackupError::Write(error.into()))?;
        self.line(&line).await?;
        self.out.flush().await.map_err(BackupError::Write)?;
        Ok(BackupSummary { header: self.header, footer })
    }

    async fn line(&mut self, line: &[u8]) -> Result<(), BackupError> {
        for bytes in [line, b"\n"] {
            self.hasher.update(bytes);
            self.out.write_all(bytes).await.map_err(BackupError::Write)?;
        }
        Ok(())
    }
}
