//! A backup of a `MongoDB` database: every collection, also those of other programs.

use super::read::BackupReader;
use super::write::BackupWriter;
use super::{BackupError, BackupSummary, Header, Kind, canonical};
use crate::mongo::{MongoPosts, MongoSettings, within};
use domain::{PostWriter, StoreError};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::{Client, Collection, Database};
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncWrite};

/// What is read goes into collections of this name first. A dead run leaves them; the next one, and
/// every backup, passes over them.
const TEMPORARY: &str = "restoring.";
/// The pointer. It is read first, since what is written later belongs to releases that it does not
/// show, and put in place last.
const POINTER: &str = "current";
/// How much is inserted at a time.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
const BATCH: usize = 1000;
/// How long the server may take for one batch.
const BATCH_DEADLINE: Duration = Duration::from_mins(1);

/// Writes all of `settings`' database to `out`.
pub(super) async fn backup(
    settings: &MongoSettings,
    out: impl AsyncWrite + Unpin,
    at: Timestamp,
) -> Result<BackupSummary, BackupError> {
    let database = database(settings).await?;
    let names = collections(&database).await?;
    let header = Header::new(Kind::Mongodb, database.name(), at);
    let mut writer = BackupWriter::begin(out, header).await?;
    for name in names {
        let collection: Collection<RawDocumentBuf> = database.collection(&name);
        let mut documents = within(collection.find(doc! {})).await?;
        while let Some(document) = patiently(documents.try_next()).await? {
            writer.document(&name, &canonical::line(&name, &document)?).await?;
        }
    }
    if writer.is_empty() {
        return Err(BackupError::Nothing("MONGODB_DATABASE"));
    }
    writer.finish().await
}

/// Reads `from` into `settings`' database.
pub(super) async fn restore(
    settings: &MongoSettings,
    from: impl AsyncBufRead + Unpin,
    is_replacing: bool,
) -> Result<BackupSummary, BackupError> {
    let database = database(settings).await?;
    let mut reader = BackupReader::open(from).await?;
    if reader.header().store != Kind::Mongodb {
        let what = "it is of a SQLite file: set SQLITE_PATH".to_owned();
        return Err(BackupError::Foreign(what));
    }
    remove_temporary(&database).await?;
    if !is_replacing {
        refuse_documents(&database).await?;
    }
    let restored = match fill(&database, &mut reader).await {
        Ok(()) => reader.summary(),
        Err(error) => Err(error),
    };
    let summary = match restored {
        Ok(summary) => summary,
        Err(error) => {
            // What the backup lacks is the news; that something is left over is said by the next.
            let _ = remove_temporary(&database).await;
            return Err(error);
        }
    };
    exchange(&database, &summary).await?;
    MongoPosts::connect(settings).await?.prepare().await?;
    Ok(summary)
}

/// The database, asked with more patience than a reader has.
async fn database(settings: &MongoSettings) -> Result<Database, StoreError> {
    let client: Client = crate::mongo::client(settings).await?;
    Ok(client.database(&settings.database))
}

/// The names of all collections that hold documents of their own, the pointer's first.
async fn collections(database: &Database) -> Result<Vec<String>, StoreError> {
    let names = database.list_collection_names().filter(doc! { "type": "collection" });
    let mut names = within(names).await?;
    names.retain(|name| !name.starts_with("system.") && !name.starts_with(TEMPORARY));
    names.sort_by_key(|name| (name != POINTER, name.clone()));
    Ok(names)
}

/// Refuses a database that holds a document.
async fn refuse_documents(database: &Database) -> Result<(), BackupError> {
    for name in collections(database).await? {
        let collection: Collection<RawDocumentBuf> = database.collection(&name);
        if within(collection.find_one(doc! {})).await?.is_some() {
            let count = within(collection.estimated_document_count()).await?;
            return Err(BackupError::NotEmpty(format!("{count} documents of `{name}`")));
        }
    }
    Ok(())
}

/// Inserts all documents into temporary collections, to the end of the backup.
async fn fill(
    database: &Database,
    reader: &mut BackupReader<impl AsyncBufRead + Unpin>,
) -> Result<(), BackupError> {
    let mut batch = Batch::default();
    while let Some((name, line)) = reader.next().await? {
        let parsed = canonical::parsed(line);
        let (_, document) = parsed.map_err(|what| reader.altered(what))?;
        if batch.name != name || batch.is_full() {
            batch.insert(database).await?;
            batch.name = name;
        }
        batch.bytes += document.as_bytes().len();
        batch.documents.push(document);
    }
    batch.insert(database).await
}

/// Documents of one collection that wait to be inserted.
#[derive(Default)]
struct Batch {
    name: String,
    documents: Vec<RawDocumentBuf>,
    bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.documents.len() >= BATCH || self.bytes >= BATCH_BYTES
    }

    async fn insert(&mut self, database: &Database) -> Result<(), BackupError> {
        if self.documents.is_empty() {
            return Ok(());
        }
        let collection: Collection<RawDocumentBuf> = database.collection(&temporary(&self.name));
        self.bytes = 0;
        patiently(collection.insert_many(std::mem::take(&mut self.documents))).await?;
        Ok(())
    }
}

/// Puts the temporary collections in the places of what was there, the pointer last, and removes
/// what the backup does not have.
async fn exchange(database: &Database, summary: &BackupSummary) -> Result<(), BackupError> {
    for (name, given) in summary.collections() {
        let collection: Collection<RawDocumentBuf> = database.collection(&temporary(name));
        let stored = patiently(collection.count_documents(doc! {})).await?;
        if stored != *given {
            let collection = name.clone();
            return Err(BackupError::Lost { collection, stored, given: *given });
        }
    }
    let is_kept = |name: &String| summary.collections().contains_key(name);
    let old = collections(database).await?;
    let mut names: Vec<&String> = summary.collections().keys().collect();
    names.sort_by_key(|name| *name == POINTER);
    let admin = database.client().database("admin");
    for name in names {
        let from = format!("{}.{}", database.name(), temporary(name));
        let to = format!("{}.{name}", database.name());
        let rename = doc! { "renameCollection": from, "to": to, "dropTarget": true };
        patiently(admin.run_command(rename)).await?;
    }
    for name in old.iter().filter(|name| !is_kept(name)) {
        patiently(database.collection::<RawDocumentBuf>(name).drop()).await?;
    }
    Ok(())
}

async fn remove_temporary(database: &Database) -> Result<(), StoreError> {
    for name in within(database.list_collection_names()).await? {
        if name.starts_with(TEMPORARY) {
            patiently(database.collection::<RawDocumentBuf>(&name).drop()).await?;
        }
    }
    Ok(())
}

fn temporary(name: &str) -> String {
    format!("{TEMPORARY}{name}")
}

/// Awaits an answer that takes long on a large database, but not for ever.
async fn patiently<T>(
    answer: impl IntoFuture<Output = Result<T, mongodb::error::Error>>,
) -> Result<T, StoreError> {
    crate::mongo::within_deadline(BATCH_DEADLINE, answer).await
}
