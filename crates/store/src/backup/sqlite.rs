//! A backup of a `SQLite` file: the file itself, in pieces, with all its tables and indexes.

use super::read::BackupReader;
use super::write::BackupWriter;
use super::{BackupError, BackupSummary, Header, Kind, canonical};
use crate::SqlitePosts;
use crate::sqlite::unavailable;
use domain::StoreError;
use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::backup::Backup;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What the pieces are called.
const COLLECTION: &str = "sqlite";
const PIECE_BYTES: usize = 192 * 1024;
/// How many pages are exchanged before others may write.
const PAGES: i32 = 1000;

/// A file beside the database that is gone when this is.
struct Beside(PathBuf);

impl Beside {
    fn new(database: &Path, ending: &str) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push(ending);
        let beside = Self(path.into());
        // One that a dead run left.
        beside.remove();
        beside
    }

    fn remove(&self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Writes the file at `path` to `out`, as it is at one moment.
pub(super) async fn backup(
    path: &Path,
    out: impl AsyncWrite + Unpin,
    at: Timestamp,
) -> Result<BackupSummary, BackupError> {
    if !path.exists() {
        return Err(BackupError::Nothing("SQLITE_PATH"));
    }
    let copy = Beside::new(path, ".backup");
    let (database, target) = (path.to_owned(), copy.0.display().to_string());
    blocking(move || {
        SqlitePosts::open(&database)?;
        let connection = Connection::open(&database).map_err(unavailable)?;
        connection.execute("VACUUM INTO ?1", [target]).map_err(unavailable)?;
        Ok(())
    })
    .await?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let header = Header::new(Kind::Sqlite, &name, at);
    let mut writer = BackupWriter::begin(out, header).await?;
    let mut file = tokio::fs::File::open(&copy.0).await.map_err(BackupError::File)?;
    loop {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let limit = PIECE_BYTES as u64;
        (&mut file).take(limit).read_to_end(&mut piece).await.map_err(BackupError::File)?;
        if piece.is_empty() {
            return writer.finish().await;
        }
        writer.document(COLLECTION, &canonical::bytes_line(COLLECTION, piece)?).await?;
    }
}

/// Reads `from` into the file at `path`. Processes that have it open see all of it or nothing.
pub(super) async fn restore(
    path: &Path,
    from: impl AsyncBufRead + Unpin,
    is_replacing: bool,
) -> Result<BackupSummary, BackupError> {
    let mut reader = BackupReader::open(from).await?;
    if reader.header().store != Kind::Sqlite {
        let what = "it is of a MongoDB database: set MONGODB_URI and not SQLITE_PATH".to_owned();
        return Err(BackupError::Foreign(what));
    }
    if !is_replacing {
        let path = path.to_owned();
        blocking(move || {
            SqlitePosts::open(&path)?;
            let connection = Connection::open(&path).map_err(unavailable)?;
            Ok(full_table(&connection).map_err(unavailable)?)
        })
        .await?
        .map_or(Ok(()), |table| Err(BackupError::NotEmpty(format!("rows of `{table}`"))))?;
    }
    let copy = Beside::new(path, ".restoring");
    let mut file = tokio::fs::File::create(&copy.0).await.map_err(BackupError::File)?;
    while let Some((_, line)) = reader.next().await? {
        let parsed = canonical::parsed_bytes(line);
        let (_, piece) = parsed.map_err(|what| reader.altered(what))?;
        file.write_all(&piece).await.map_err(BackupError::File)?;
    }
    file.sync_all().await.map_err(BackupError::File)?;
    let summary = reader.summary()?;
    let (database, source) = (path.to_owned(), copy.0.clone());
    blocking(move || Ok(exchange(&database, &source).map_err(unavailable)?)).await?;
    Ok(summary)
}

/// A table that holds more than what every new file does.
fn full_table(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let tables: Vec<String> = connection
        .prepare(sql)?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for table in tables {
        // The pointer has one row from the beginning, which points nowhere.
        let condition = if table == "pointer" { "WHERE head IS NOT NULL" } else { "" };
        let name = table.replace('"', "\"\"");
        let sql = format!("SELECT EXISTS (SELECT 1 FROM \"{name}\" {condition})");
        if connection.query_row(&sql, [], |row| row.get(0))? {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// Copies all pages of `source` into `database`, as one write.
fn exchange(database: &Path, source: &Path) -> rusqlite::Result<()> {
    let source = Connection::open(source)?;
    source.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
    let mut database = Connection::open(database)?;
    database.busy_timeout(Duration::from_secs(5))?;
    Backup::new(&source, &mut database)?.run_to_completion(PAGES, Duration::ZERO, None)
}

/// Runs `work` away from the runtime's threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| BackupError::Store(StoreError::Unavailable(Box::new(error))))?
}
