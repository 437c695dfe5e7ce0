//! What the loader writes. Each call is one transaction that begins by looking at the lease, so a
//! loader that lost it can change nothing.

use super::reader::{VISIBLE, ask, pointed_at, visible_posts};
use super::{SqlitePosts, corrupt, row, unavailable};
use async_trait::async_trait;
use domain::{
    CurrentRelease, Lease, Post, PostPath, PostWriter, ReleaseId, ReleaseSeq, StoreError,
    VisiblePost,
};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use std::time::Duration;

/// Milliseconds since 1970 by the store's clock.
const NOW: &str = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

impl SqlitePosts {
    /// Runs `work` in a transaction, if `lease` still holds.
    async fn leased<T: Send + 'static>(
        &self,
        lease: &Lease,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let holder = lease.holder.clone();
        self.with(move |connection| {
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(unavailable)?;
            let sql = format!(
                "SELECT EXISTS (SELECT 1 FROM pointer WHERE holder = ?1 AND lease_until > {NOW})"
            );
            let holds: bool =
                transaction.query_row(&sql, [&holder], |row| row.get(0)).map_err(unavailable)?;
            if !holds {
                return Err(StoreError::LeaseLost);
            }
            let done = work(&transaction)?;
            transaction.commit().map_err(unavailable)?;
            Ok(done)
        })
        .await
    }
}

#[async_trait]
impl PostWriter for SqlitePosts {
    async fn prepare(&self) -> Result<(), StoreError> {
        // Opening the file has done it.
        Ok(())
    }

    async fn current(&self) -> Result<Option<CurrentRelease>, StoreError> {
        self.with(|connection| pointed_at(connection)).await
    }

    async fn lease(&self, holder: &str, lasts: Duration) -> Result<Option<Lease>, StoreError> {
        let lease = Lease { holder: holder.to_owned(), lasts };
        let millis = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX / 2);
        self.with(move |connection| {
            let sql = format!(
                "UPDATE pointer SET holder = ?1, lease_until = {NOW} + ?2 \
                 WHERE holder IS NULL OR holder = ?1 OR lease_until <= {NOW}"
            );
            let taken =
                connection.execute(&sql, params![lease.holder, millis]).map_err(unavailable)?;
            Ok((taken == 1).then_some(lease))
        })
        .await
    }

    async fn give_back(&self, lease: &Lease) -> Result<(), StoreError> {
        let holder = lease.holder.clone();
        self.with(move |connection| {
            let sql = "UPDATE pointer SET holder = NULL, lease_until = NULL WHERE holder = ?1";
            connection.execute(sql, [holder]).map_err(unavailable)?;
            Ok(())
        })
        .await
    }

    async fn recover(&self, lease: &Lease) -> Result<u64, StoreError> {
        self.leased(lease, |transaction| {
            let head = head(transaction)?;
            let run = |sql: &str| transaction.execute(sql, [head]).map_err(unavailable);
            let removed = run("DELETE FROM posts WHERE since > ?1")?;
            let reopened = run("UPDATE posts SET until = NULL WHERE until > ?1")?;
            run("DELETE FROM releases WHERE seq > ?1")?;
            Ok((removed + reopened) as u64)
        })
        .await
    }

    async fn head(&self) -> Result<Option<CurrentRelease>, StoreError> {
        self.with(|connection| {
            let sql = "SELECT seq, id, posts, at FROM releases WHERE seq = ?1";
            let head = head(connection)?;
            Ok(ask(connection, sql, &[&head], row::release)?.into_iter().next())
        })
        .await
    }

    async fn visible_in_head(&self) -> Result<Vec<VisiblePost>, StoreError> {
        self.with(|connection| visible_posts(connection, head(connection)?)).await
    }

    async fn begin(
        &self,
        lease: &Lease,
        release: &ReleaseId,
        posts: u64,
    ) -> Result<ReleaseSeq, StoreError> {
        let id = release.to_string();
        let posts = i64::try_from(posts).unwrap_or(i64::MAX);
        self.leased(lease, move |transaction| {
            let sql = "UPDATE pointer SET next_seq = next_seq + 1 RETURNING next_seq - 1";
            let seq: i64 = transaction.query_row(sql, [], |row| row.get(0)).map_err(unavailable)?;
            let sql = format!("INSERT INTO releases VALUES (?1, ?2, ?3, {NOW})");
            transaction.execute(&sql, params![seq, id, posts]).map_err(unavailable)?;
            Ok(ReleaseSeq(seq))
        })
        .await
    }

    async fn retire(
        &self,
        lease: &Lease,
        seq: ReleaseSeq,
        paths: &[PostPath],
    ) -> Result<(), StoreError> {
        let paths = paths.to_vec();
        self.leased(lease, move |transaction| {
            let sql = "UPDATE posts SET until = ?1 WHERE path = ?2 AND until IS NULL";
            let mut statement = transaction.prepare_cached(sql).map_err(unavailable)?;
            for path in paths {
                statement.execute(params![seq.0, path.as_str()]).map_err(unavailable)?;
            }
            Ok(())
        })
        .await
    }

    async fn insert(
        &self,
        lease: &Lease,
        seq: ReleaseSeq,
        posts: &[Post],
    ) -> Result<(), StoreError> {
        let posts = posts.to_vec();
        self.leased(lease, move |transaction| {
            posts.iter().try_for_each(|post| insert(transaction, seq, post))
        })
        .await
    }

    async fn count(&self, seq: ReleaseSeq) -> Result<u64, StoreError> {
        self.with(move |connection| {
            let sql = format!("SELECT count(*) FROM posts WHERE {VISIBLE}");
            let count: i64 =
                connection.query_row(&sql, [seq.0], |row| row.get(0)).map_err(unavailable)?;
            Ok(count.unsigned_abs())
        })
        .await
    }

    async fn flip(&self, lease: &Lease, seq: ReleaseSeq) -> Result<CurrentRelease, StoreError> {
        self.leased(lease, move |transaction| {
            let sql = format!(
                "UPDATE pointer SET seq = ?1, head = max(?1, coalesce(head, 0)), at = {NOW} \
                 WHERE EXISTS (SELECT 1 FROM releases WHERE seq = ?1)"
            );
            transaction.execute(&sql, [seq.0]).map_err(unavailable)?;
            let current = pointed_at(transaction)?.filter(|current| current.seq == seq);
            let missing =
                || corrupt(&format!("release {seq}"), rusqlite::Error::QueryReturnedNoRows);
            current.ok_or_else(missing)
        })
        .await
    }

    async fn collect(&self, lease: &Lease, keep: u32) -> Result<u64, StoreError> {
        self.leased(lease, move |transaction| {
            // The oldest release that can still be shown; nothing is removed while there is none.
            let sql = "SELECT min(seq) FROM (SELECT seq FROM (SELECT seq FROM releases \
                       WHERE seq <= ?1 ORDER BY seq DESC LIMIT ?2) \
                       UNION SELECT seq FROM pointer WHERE seq IS NOT NULL)";
            let floor: Option<i64> = transaction
                .query_row(sql, params![head(transaction)?, keep], |row| row.get(0))
                .map_err(unavailable)?;
            let floor = floor.unwrap_or(0);
            let removed = transaction
                .execute("DELETE FROM posts WHERE until <= ?1", [floor])
                .map_err(unavailable)?;
            transaction
                .execute("DELETE FROM releases WHERE seq < ?1", [floor])
                .map_err(unavailable)?;
            Ok(removed as u64)
        })
        .await
    }

    async fn releases(&self) -> Result<Vec<CurrentRelease>, StoreError> {
        self.with(|connection| {
            let sql = "SELECT seq, id, posts, at FROM releases WHERE seq <= ?1 ORDER BY seq DESC";
            let head = head(connection)?;
            ask(connection, sql, &[&head], row::release)
        })
        .await
    }
}

/// The number of the newest complete release; 0 if there is none.
fn head(connection: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(head, 0) FROM pointer";
    connection.query_row(sql, [], |row| row.get(0)).map_err(unavailable)
}

fn insert(transaction: &Transaction<'_>, seq: ReleaseSeq, post: &Post) -> Result<(), StoreError> {
    let (path, hash) = (post.summary.path.as_str(), post.hash.to_string());
    let insert = |sql| {
        let mut statement = transaction.prepare_cached(sql)?;
        statement.execute(params![path, hash, seq.0, row::json(post)?])
    };
    insert("INSERT INTO posts (path, hash, since, post) VALUES (?1, ?2, ?3, ?4)")
        .map_err(unavailable)?;
    Ok(())
}
