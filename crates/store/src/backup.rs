//! A backup: everything in the database as lines of text, checked before anything is replaced.
//!
//! ```text
//! {"inkstack_backup":1,"store":"mongodb","database":"blog","at":"2026-…","version":"0.1.0"}
//! {"collection":"current","document":{"_id":"current","seq":{"$numberLong":"3"},…}}
//! …
//! {"documents":291,"collections":{"current":1,…},"blake3":"<64 hex>"}
//! ```
//!
//! A document is canonical extended JSON with its fields in their order. One that this would not
//! give back to the byte, and a piece of a `SQLite` file, is `"bson"` instead: base64 in extended
//! JSON. The last line counts and hashes all before it. Both directions are streams: memory does
//! not grow with the database.

mod canonical;
mod error;
mod mongo;
mod read;
mod sqlite;
mod write;

pub use crate::backup::error::BackupError;

use crate::StoreSettings;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use tokio::io::{AsyncBufRead, AsyncWrite};

/// The version of the format. A reader refuses any other.
const FORMAT: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    inkstack_backup: u32,
    store: Kind,
    database: String,
    at: Timestamp,
    /// Of the program that wrote it.
    version: String,
}

/// From which store it is. It goes back into one of the same kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Mongodb,
    Sqlite,
}

impl Header {
    fn new(store: Kind, database: &str, at: Timestamp) -> Self {
        Self {
            inkstack_backup: FORMAT,
            store,
            database: database.to_owned(),
            at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Footer {
    documents: u64,
    collections: BTreeMap<String, u64>,
    blake3: domain::ContentHash,
}

/// What a backup holds. Its `Display` is a summary for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSummary {
    header: Header,
    footer: Footer,
}

impl BackupSummary {
    /// How many documents there are.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.footer.documents
    }

    /// How many documents each collection has.
    #[must_use]
    pub fn collections(&self) -> &BTreeMap<String, u64> {
        &self.footer.collections
    }
}

impl fmt::Display for BackupSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { header, footer } = self;
        let counts: Vec<String> =
            footer.collections.iter().map(|(name, count)| format!("{name} {count}")).collect();
        write!(
            f,
            "database `{}` as of {}: {} documents ({}), blake3 {}",
            header.database,
            header.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            footer.documents,
            counts.join(", "),
            footer.blake3.short(),
        )
    }
}

impl StoreSettings {
    /// Writes everything in the database to `out`, also what this program does not know. What is
    /// registered meanwhile may be in it by half, in a way that the next run of the loader mends.
    ///
    /// # Errors
    ///
    /// [`BackupError`] if the store cannot be read or `out` not be written.
    pub async fn backup(
        &self,
        out: impl AsyncWrite + Unpin + Send,
        at: Timestamp,
    ) -> Result<BackupSummary, BackupError> {
        match self {
            Self::Sqlite(path) => sqlite::backup(path, out, at).await,
            Self::Mongo(settings) => mongo::backup(settings, out, at).await,
        }
    }

    /// Reads a backup into the database. Nothing changes before all of it was read and found
    /// whole. With `is_replacing`, the database is then what it was at the time of the backup and
    /// nothing else; without, it must hold nothing.
    ///
    /// # Errors
    ///
    /// [`BackupError`]; the database is as it was, unless the store failed during the exchange.
    pub async fn restore(
        &self,
        from: impl AsyncBufRead + Unpin + Send,
        is_replacing: bool,
    ) -> Result<BackupSummary, BackupError> {
        match self {
            Self::Sqlite(path) => sqlite::restore(path, from, is_replacing).await,
            Self::Mongo(settings) => mongo::restore(settings, from, is_replacing).await,
        }
    }
}

/// Reads a backup to its end and says what it holds, without a database.
///
/// # Errors
///
/// [`BackupError`] if it is not whole.
pub async fn verify_backup(
    from: impl AsyncBufRead + Unpin + Send,
) -> Result<BackupSummary, BackupError> {
    let mut reader = read::BackupReader::open(from).await?;
    while reader.next().await?.is_some() {}
    reader.summary()
}

#[cfg(test)]
mod tests;
