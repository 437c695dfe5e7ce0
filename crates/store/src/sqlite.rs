//! Posts in one `SQLite` file: the embedded default.

mod comment;
mod counter;
mod reader;
mod row;
mod writer;

use domain::StoreError;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a statement waits for another process's write.
const BUSY_DEADLINE: Duration = Duration::from_secs(5);
/// Idle connections kept for the next question.
const MAX_IDLE: usize = 8;

/// Posts in one file, which any number of processes on the same machine may share. Clones are
/// the same store.
#[derive(Debug, Clone)]
pub struct SqlitePosts {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl SqlitePosts {
    /// Opens the file at `path`, or creates it, tables included.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] if the file cannot be opened or is no database.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let store =
            Self { path: Arc::new(path.to_owned()), idle: Arc::new(Mutex::new(Vec::new())) };
        let mut connection = store.connect().map_err(unavailable)?;
        lay_out(&mut connection).map_err(unavailable)?;
        store.give_back_connection(connection);
        Ok(store)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open(&*self.path)?;
        connection.busy_timeout(BUSY_DEADLINE)?;
        // Readers go on while one writes, and a crash loses at most what was not yet flipped.
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        Ok(connection)
    }

    fn give_back_connection(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }

    /// Runs `work` with a connection of its own, away from the runtime's threads.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let idle = store.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match idle {
                Some(connection) => connection,
                None => store.connect().map_err(unavailable)?,
            };
            let done = work(&mut connection);
            store.give_back_connection(connection);
            done
        });
        done.await.map_err(|error| StoreError::Unavailable(Box::new(error)))?
    }
}

/// Makes the tables that are missing, and takes from those of an earlier version what is not used any
/// more.
fn lay_out(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if transaction.column_exists(None, "posts", "summary")? {
        transaction.execute_batch(include_str!("sqlite/lists_are_in_memory.sql"))?;
    }
    transaction.execute_batch(include_str!("sqlite/schema.sql"))?;
    transaction.commit()
}

/// Tells a file that is in use from one that cannot be used and a disk that is full.
pub(crate) fn unavailable(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full {
            remedy: "the disk that holds SQLITE_PATH is full: free some of it".to_owned(),
            source: Box::new(error),
        },
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::NotADatabase
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly,
        ) => StoreError::Refused {
            remedy: "the file in SQLITE_PATH cannot be used: its folder must be there, both must \
                     be ours to write, and the file a database"
                .to_owned(),
            source: Box::new(error),
        },
        _ => StoreError::Unavailable(Box::new(error)),
    }
}

fn corrupt(what: &str, source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Corrupt { what: what.to_owned(), source: Box::new(source) }
}
