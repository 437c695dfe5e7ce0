//! What the API asks.

use super::{SqlitePosts, corrupt, row, unavailable};
use async_trait::async_trait;
use domain::{
    CurrentRelease, Post, PostDetail, PostPath, PostQuery, PostReader, PostSummary, ReleaseSeq,
    SeriesCount, StoreError, TagCount, VisiblePost, YearCount,
};
use rusqlite::{Connection, ToSql};

/// The versions that release `?1` shows.
pub(super) const VISIBLE: &str = "posts.since <= ?1 AND (posts.until IS NULL OR posts.until > ?1)";

#[async_trait]
impl PostReader for SqlitePosts {
    async fn current(&self) -> Result<Option<CurrentRelease>, StoreError> {
        self.with(|connection| pointed_at(connection)).await
    }

    async fn list(
        &self,
        release: ReleaseSeq,
        query: &PostQuery,
    ) -> Result<Vec<PostSummary>, StoreError> {
        let query = query.clone();
        self.with(move |connection| list(connection, release, &query)).await
    }

    async fn detail(
        &self,
        release: ReleaseSeq,
        path: &PostPath,
    ) -> Result<Option<PostDetail>, StoreError> {
        let path = path.clone();
        self.with(move |connection| {
            let sql = format!("SELECT post FROM posts WHERE {VISIBLE} AND path = ?2");
            let found = ask(connection, &sql, &[&release.0, &path.as_str()], row::json_column)?;
            Ok(found.into_iter().next())
        })
        .await
    }

    async fn tags(&self, release: ReleaseSeq) -> Result<Vec<TagCount>, StoreError> {
        let sql = format!(
            "SELECT json_object('tag', tag, 'posts', count(*)) FROM tags \
             JOIN posts ON posts.id = tags.version WHERE {VISIBLE} \
             GROUP BY tag ORDER BY count(*) DESC, tag"
        );
        self.with(move |connection| ask(connection, &sql, &[&release.0], row::json_column)).await
    }

    async fn years(&self, release: ReleaseSeq) -> Result<Vec<YearCount>, StoreError> {
        let sql = format!(
            "SELECT json_object('year', year, 'posts', count(*)) FROM posts WHERE {VISIBLE} \
             GROUP BY year ORDER BY year DESC"
        );
        self.with(move |connection| ask(connection, &sql, &[&release.0], row::json_column)).await
    }

    async fn series(&self, release: ReleaseSeq) -> Result<Vec<SeriesCount>, StoreError> {
        let sql = format!(
            "SELECT json_object('series', series, 'posts', count(*)) FROM posts \
             WHERE {VISIBLE} AND series IS NOT NULL GROUP BY series ORDER BY series"
        );
        self.with(move |connection| ask(connection, &sql, &[&release.0], row::json_column)).await
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

fn list(
    connection: &Connection,
    release: ReleaseSeq,
    query: &PostQuery,
) -> Result<Vec<PostSummary>, StoreError> {
    let tag = query.tag.as_ref().map(domain::Tag::as_str);
    let after_at = query.after.as_ref().map(|after| after.published_at.as_millisecond());
    let after_path = query.after.as_ref().map(|after| after.path.as_str());
    let sql = format!(
        "SELECT summary FROM posts WHERE {VISIBLE} \
         AND (?2 IS NULL OR EXISTS (SELECT 1 FROM tags WHERE tag = ?2 AND version = posts.id)) \
         AND (?3 IS NULL OR year = ?3) \
         AND (?4 IS NULL OR series = ?4) \
         AND (?5 IS NULL OR published_at < ?5 OR (published_at = ?5 AND path > ?6)) \
         ORDER BY published_at DESC, path LIMIT ?7"
    );
    let params: [&dyn ToSql; 7] =
        [&release.0, &tag, &query.year, &query.series, &after_at, &after_path, &query.limit];
    ask(connection, &sql, &params, row::json_column)
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
