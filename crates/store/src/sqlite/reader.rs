//! What the API asks.

use super::{SqlitePosts, corrupt, row, unavailable};
use async_trait::async_trait;
use domain::{CurrentRelease, Post, PostPath, PostReader, ReleaseSeq, StoreError, VisiblePost};
use rusqlite::{Connection, ToSql};

/// The versions that release `?1` shows.
pub(super) const VISIBLE: &str = "posts.since <= ?1 AND (posts.until IS NULL OR posts.until > ?1)";

#[async_trait]
impl PostReader for SqlitePosts {
    async fn current(&self) -> Result<Option<CurrentRelease>, StoreError> {
        self.with(|connection| pointed_at(connection)).await
    }

    async fn versions(&self, release: ReleaseSeq) -> Result<Vec<VisiblePost>, StoreError> {
        self.with(move |connection| visible_posts(connection, release.0)).await
    }

    async fn some(&self, release: ReleaseSeq, paths: &[PostPath]) -> Result<Vec<Post>, StoreError> {
        let paths = paths.to_vec();
        self.with(move |connection| {
            let sql = format!("SELECT post FROM posts WHERE {VISIBLE} AND path = ?2");
            let mut found = Vec::with_capacity(paths.len());
            for path in paths {
                let params: [&dyn ToSql; 2] = [&release.0, &path.as_str()];
                found.extend(ask(connection, &sql, &params, row::json_column)?);
            }
            Ok(found)
        })
        .await
    }
}

/// What release `seq` shows, in the order of paths.
pub(super) fn visible_posts(
    connection: &Connection,
    seq: i64,
) -> Result<Vec<VisiblePost>, StoreError> {
    let sql = format!("SELECT path, hash FROM posts WHERE {VISIBLE} ORDER BY path");
    ask(connection, &sql, &[&seq], |row| {
        let (path, hash): (String, String) = (row::column(row, 0)?, row::column(row, 1)?);
        Ok(VisiblePost {
            path: PostPath::parse(&path).map_err(|error| corrupt(&path, error))?,
            hash: hash.parse().map_err(|error| corrupt(&path, error))?,
        })
    })
}

/// The release that the pointer names.
pub(super) fn pointed_at(connection: &Connection) -> Result<Option<CurrentRelease>, StoreError> {
    let sql = "SELECT pointer.seq, releases.id, releases.posts, pointer.at FROM pointer \
               JOIN releases ON releases.seq = pointer.seq";
    Ok(ask(connection, sql, &[], row::release)?.into_iter().next())
}

/// Every row that `sql` gives, read by `read`. The statement is prepared once for a connection.
pub(super) fn ask<T>(
    connection: &Connection,
    sql: &str,
    params: &[&dyn ToSql],
    read: impl Fn(&rusqlite::Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(unavailable)?;
    row::rows(&mut statement, params, read)
}
