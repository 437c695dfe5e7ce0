//! Views and likes in the collection `counters`, one document a post.

use super::{MongoPosts, corrupt};
use async_trait::async_trait;
use domain::{Batch, CountStore, Counts, PostCounts, PostPath, StoreError};
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use serde::{Deserialize, Serialize};

/// So many posts are added in one command.
const CHUNK: usize = 500;
/// The code of a write that met another document with the same key.
const DUPLICATE_KEY: i32 = 11000;

/// The counts of one post.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CountDocument {
    #[serde(rename = "_id")]
    path: PostPath,
    views: i64,
    likes: i64,
    score: f64,
    batch: i64,
}

#[async_trait]
impl CountStore for MongoPosts {
    async fn add(&self, batch: &Batch) -> Result<(), StoreError> {
        for counts in batch.counts.chunks(CHUNK) {
            let updates: Vec<Document> =
                counts.iter().map(|(path, counts)| update(batch, path, *counts)).collect();
            let command = doc! {
                "update": self.counters.name(),
                "updates": updates,
                "ordered": false,
                // Hits are forgotten elsewhere when this is answered.
                "writeConcern": { "w": "majority", "j": true },
            };
            let ask = self.ask(|store| async move { store.database.run_command(command).await });
            check(&ask.await?)?;
        }
        Ok(())
    }

    async fn counted_since(&self, batch: i64) -> Result<Vec<PostCounts>, StoreError> {
        let found = self.ask(move |store| async move {
            let filter = doc! { "batch": { "$gte": batch } };
            store.counters.find(filter).await?.try_collect::<Vec<_>>().await
        });
        let counts = |found: CountDocument| PostCounts {
            path: found.path,
            counts: Counts { views: found.views.unsigned_abs(), likes: found.likes.unsigned_abs() },
            score: found.score,
            batch: found.batch,
        };
        Ok(found.await?.into_iter().map(counts).collect())
    }
}

/// Adds to one document and notes the batch in it, in one step. A document that has this batch does
/// not match, and the attempt to insert another one under its key fails.
fn update(batch: &Batch, path: &PostPath, counts: Counts) -> Document {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let score = counts.points() * batch.weight();
    doc! {
        "q": { "_id": path.as_str(), "batch": { "$lt": batch.number } },
        "u": {
            "$inc": { "views": number(counts.views), "likes": number(counts.likes), "score": score },
            "$set": { "batch": batch.number },
        },
        "upsert": true,
    }
}

/// An update that failed because its batch is there already has done what it should.
fn check(answer: &Document) -> Result<(), StoreError> {
    let failed = |text: String| StoreError::Unavailable(text.into());
    if let Ok(concern) = answer.get_document("writeConcernError") {
        return Err(failed(concern.to_string()));
    }
    let Ok(errors) = answer.get_array("writeErrors") else { return Ok(()) };
    for error in errors {
        let error = error.as_document().ok_or_else(|| corrupt("answer", NoDocument))?;
        if error.get_i32("code").ok() != Some(DUPLICATE_KEY) {
            return Err(failed(error.to_string()));
        }
    }
    Ok(())
}

#[derive(Debug, thiserror::Error)]
#[error("a write error is no document")]
struct NoDocument;
