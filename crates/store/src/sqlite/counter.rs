//! Views and likes in the table `counters`, one row a post.

use super::reader::ask;
use super::{SqlitePosts, corrupt, row, unavailable};
use async_trait::async_trait;
use domain::{Batch, CountStore, Counts, PostCounts, PostPath, StoreError};
use rusqlite::{TransactionBehavior, params};

#[async_trait]
impl CountStore for SqlitePosts {
    async fn add(&self, batch: &Batch) -> Result<(), StoreError> {
        let batch = batch.clone();
        self.with(move |connection| {
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(unavailable)?;
            let sql = "INSERT INTO counters VALUES (?1, ?2, ?3, ?4, ?5) \
                       ON CONFLICT (path) DO UPDATE SET views = views + excluded.views, \
                       likes = likes + excluded.likes, score = score + excluded.score, \
                       batch = excluded.batch WHERE batch < excluded.batch";
            for (path, counts) in &batch.counts {
                let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
                let score = counts.points() * batch.weight();
                let values = params![
                    path.as_str(),
                    number(counts.views),
                    number(counts.likes),
                    score,
                    batch.number
                ];
                transaction
                    .prepare_cached(sql)
                    .and_then(|mut statement| statement.execute(values))
                    .map_err(unavailable)?;
            }
            transaction.commit().map_err(unavailable)
        })
        .await
    }

    async fn counted_since(&self, batch: i64) -> Result<Vec<PostCounts>, StoreError> {
        self.with(move |connection| {
            let sql = "SELECT path, views, likes, score, batch FROM counters WHERE batch >= ?1";
            ask(connection, sql, &[&batch], |row| {
                let path: String = row::column(row, 0)?;
                let (views, likes): (i64, i64) = (row::column(row, 1)?, row::column(row, 2)?);
                Ok(PostCounts {
                    path: PostPath::parse(&path).map_err(|error| corrupt(&path, error))?,
                    counts: Counts { views: views.unsigned_abs(), likes: likes.unsigned_abs() },
                    score: row::column(row, 3)?,
                    batch: row::column(row, 4)?,
                })
            })
        })
        .await
    }
}
