//! Comments in the table `comments`, and who may write no more in `bans`.

use super::reader::ask;
use super::{SqlitePosts, corrupt, row, unavailable};
use async_trait::async_trait;
use domain::{
    Author, Comment, CommentId, CommentLoad, CommentQuery, CommentState, CommentStore, CommentText,
    PostPath, Sender, StoreError,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, ToSql, params};

#[async_trait]
impl CommentStore for SqlitePosts {
    async fn prepare(&self) -> Result<(), StoreError> {
        // The table was made with its indexes when the file was opened.
        Ok(())
    }

    async fn add(&self, comment: &Comment) -> Result<bool, StoreError> {
        let comment = comment.clone();
        self.with(move |connection| {
            let sql = "INSERT OR IGNORE INTO comments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let values = params![
                comment.id.to_string(),
                comment.path.as_str(),
                comment.author.as_str(),
                comment.text.as_str(),
                comment.at.as_millisecond(),
                comment.state.name(),
                comment.sender.to_string(),
            ];
            Ok(connection.execute(sql, values).map_err(unavailable)? == 1)
        })
        .await
    }

    async fn find(&self, id: CommentId) -> Result<Option<Comment>, StoreError> {
        self.with(move |connection| {
            let sql =
                "SELECT id, path, author, text, at, state, sender FROM comments WHERE id = ?1";
            Ok(ask(connection, sql, &[&id.to_string()], comment)?.into_iter().next())
        })
        .await
    }

    async fn load(&self, sender: Sender, since: Timestamp) -> Result<CommentLoad, StoreError> {
        self.with(move |connection| {
            let count = |sql: &str, params: &[&dyn ToSql]| -> Result<u64, StoreError> {
                let count: i64 =
                    connection.query_row(sql, params, |row| row.get(0)).map_err(unavailable)?;
                Ok(count.unsigned_abs())
            };
            let (sender, since) = (sender.to_string(), since.as_millisecond());
            let of_sender = "SELECT count(*) FROM comments WHERE sender = ?1 AND at >= ?2";
            Ok(CommentLoad {
                is_banned: count("SELECT count(*) FROM bans WHERE sender = ?1", &[&sender])? > 0,
                of_sender: count(of_sender, &[&sender, &since])?,
                recent: count("SELECT count(*) FROM comments WHERE at >= ?1", &[&since])?,
                held: count("SELECT count(*) FROM comments WHERE state = 'held'", &[])?,
            })
        })
        .await
    }

    async fn list(&self, query: &CommentQuery) -> Result<Vec<Comment>, StoreError> {
        let query = query.clone();
        self.with(move |connection| {
            let sql = "SELECT id, path, author, text, at, state, sender FROM comments \
                       WHERE (?1 IS NULL OR path = ?1) AND (?2 IS NULL OR state = ?2) \
                       AND (?3 IS NULL OR at > ?3 OR (at = ?3 AND id > ?4)) \
                       ORDER BY at, id LIMIT ?5";
            let path = query.path.as_ref().map(PostPath::as_str);
            let state = query.state.map(CommentState::name);
            let at = query.after.map(|after| after.at.as_millisecond());
            let id = query.after.map(|after| after.id.to_string());
            ask(connection, sql, &[&path, &state, &at, &id, &query.limit], comment)
        })
        .await
    }

    async fn approve(&self, id: CommentId) -> Result<bool, StoreError> {
        self.with(move |connection| {
            let sql = "UPDATE comments SET state = 'approved' WHERE id = ?1";
            Ok(connection.execute(sql, [id.to_string()]).map_err(unavailable)? == 1)
        })
        .await
    }

    async fn delete(&self, id: CommentId) -> Result<bool, StoreError> {
        self.with(move |connection| {
            let sql = "DELETE FROM comments WHERE id = ?1";
            Ok(connection.execute(sql, [id.to_string()]).map_err(unavailable)? == 1)
        })
        .await
    }

    async fn ban(&self, id: CommentId, at: Timestamp) -> Result<Option<Sender>, StoreError> {
        self.with(move |connection| {
            let transaction = connection.transaction().map_err(unavailable)?;
            let Some(sender) = sender_of(&transaction, id)? else { return Ok(None) };
            let sql = "INSERT OR IGNORE INTO bans VALUES (?1, ?2)";
            let values = params![sender.to_string(), at.as_millisecond()];
            transaction.execute(sql, values).map_err(unavailable)?;
            let sql = "DELETE FROM comments WHERE sender = ?1 AND state = 'held'";
            transaction.execute(sql, [sender.to_string()]).map_err(unavailable)?;
            transaction.commit().map_err(unavailable)?;
            Ok(Some(sender))
        })
        .await
    }

    async fn banned(&self) -> Result<Vec<(Sender, Timestamp)>, StoreError> {
        self.with(|connection| {
            ask(connection, "SELECT sender, at FROM bans ORDER BY at, sender", &[], |row| {
                Ok((sender(row, 0)?, instant(row, 1)?))
            })
        })
        .await
    }

    async fn pardon(&self, sender: Sender) -> Result<bool, StoreError> {
        self.with(move |connection| {
            let sql = "DELETE FROM bans WHERE sender = ?1";
            Ok(connection.execute(sql, [sender.to_string()]).map_err(unavailable)? == 1)
        })
        .await
    }

    async fn purge(&self, path: &PostPath) -> Result<u64, StoreError> {
        let path = path.clone();
        self.with(move |connection| {
            let sql = "DELETE FROM comments WHERE path = ?1";
            Ok(connection.execute(sql, [path.as_str()]).map_err(unavailable)? as u64)
        })
        .await
    }
}

fn sender_of(connection: &Connection, id: CommentId) -> Result<Option<Sender>, StoreError> {
    let sql = "SELECT sender FROM comments WHERE id = ?1";
    let found = ask(connection, sql, &[&id.to_string()], |row| sender(row, 0))?;
    Ok(found.into_iter().next())
}

fn comment(row: &Row<'_>) -> Result<Comment, StoreError> {
    let text = |index| row::column::<String>(row, index);
    let id = text(0)?;
    let what = format!("comment {id}");
    let state = CommentState::from_name(&text(5)?);
    Ok(Comment {
        id: id.parse().map_err(|error| corrupt(&what, error))?,
        path: PostPath::parse(&text(1)?).map_err(|error| corrupt(&what, error))?,
        author: Author::parse(&text(2)?).map_err(|error| corrupt(&what, error))?,
        text: CommentText::parse(&text(3)?).map_err(|error| corrupt(&what, error))?,
        at: instant(row, 4)?,
        state: state.ok_or_else(|| corrupt(&what, rusqlite::Error::InvalidQuery))?,
        sender: sender(row, 6)?,
    })
}

fn sender(row: &Row<'_>, index: usize) -> Result<Sender, StoreError> {
    let text: String = row::column(row, index)?;
    text.parse().map_err(|error| corrupt("sender", error))
}

fn instant(row: &Row<'_>, index: usize) -> Result<Timestamp, StoreError> {
    let millis = row::column(row, index)?;
    Timestamp::from_millisecond(millis).map_err(|error| corrupt("comment", error))
}
