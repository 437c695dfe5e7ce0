//! Comments in the collection `comments`, and who may write no more in `bans`.

use super::document::{read, stored};
use super::{MongoPosts, corrupt, index, within};
use async_trait::async_trait;
use domain::{
    Author, Comment, CommentId, CommentLoad, CommentQuery, CommentState, CommentStore, CommentText,
    PostPath, Sender, StoreError,
};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use mongodb::bson::{DateTime, Document, doc};
use serde::{Deserialize, Serialize};

/// One comment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CommentDocument {
    #[serde(rename = "_id")]
    id: String,
    path: PostPath,
    author: String,
    text: String,
    at: DateTime,
    state: String,
    sender: String,
}

/// Somebody who may write no more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BanDocument {
    #[serde(rename = "_id")]
    sender: String,
    at: DateTime,
}

impl From<&Comment> for CommentDocument {
    fn from(comment: &Comment) -> Self {
        Self {
            id: comment.id.to_string(),
            path: comment.path.clone(),
            author: comment.author.to_string(),
            text: comment.text.as_str().to_owned(),
            at: stored(comment.at),
            state: comment.state.name().to_owned(),
            sender: comment.sender.to_string(),
        }
    }
}

impl CommentDocument {
    fn into_comment(self) -> Result<Comment, StoreError> {
        let what = |error| corrupt(&format!("comment {}", self.id), error);
        let text = |error| corrupt(&format!("comment {}", self.id), error);
        let state = CommentState::from_name(&self.state);
        Ok(Comment {
            author: Author::parse(&self.author).map_err(text)?,
            text: CommentText::parse(&self.text).map_err(text)?,
            at: read(self.at, &self.id)?,
            state: state.ok_or_else(|| corrupt(&self.id, UnknownState))?,
            sender: self.sender.parse().map_err(what)?,
            id: self.id.parse().map_err(what)?,
            path: self.path,
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a comment has a state that is unknown")]
struct UnknownState;

#[async_trait]
impl CommentStore for MongoPosts {
    async fn prepare(&self) -> Result<(), StoreError> {
        within(self.comments.create_indexes(index::comments())).await?;
        Ok(())
    }

    async fn add(&self, comment: &Comment) -> Result<bool, StoreError> {
        let document = mongodb::bson::serialize_to_document(&CommentDocument::from(comment));
        let document = document.map_err(|error| corrupt("comment", error))?;
        let found = doc! { "_id": comment.id.to_string() };
        let insert = doc! { "$setOnInsert": without_id(document) };
        let written = within(self.comments.update_one(found, insert).upsert(true)).await?;
        Ok(written.upserted_id.is_some())
    }

    async fn load(&self, sender: Sender, since: Timestamp) -> Result<CommentLoad, StoreError> {
        let (sender, since) = (sender.to_string(), doc! { "$gte": stored(since) });
        let of_sender = doc! { "sender": &sender, "at": since.clone() };
        let held = doc! { "state": CommentState::Held.name() };
        let banned = within(self.bans.count_documents(doc! { "_id": &sender })).await?;
        Ok(CommentLoad {
            is_banned: banned > 0,
            of_sender: within(self.comments.count_documents(of_sender)).await?,
            recent: within(self.comments.count_documents(doc! { "at": since })).await?,
            held: within(self.comments.count_documents(held)).await?,
        })
    }

    async fn list(&self, query: &CommentQuery) -> Result<Vec<Comment>, StoreError> {
        // `limit(0)` would be all of them.
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let mut filter = Document::new();
        if let Some(path) = &query.path {
            filter.insert("path", path.as_str());
        }
        if let Some(state) = query.state {
            filter.insert("state", state.name());
        }
        if let Some(after) = query.after {
            let at = stored(after.at);
            let later = doc! { "at": { "$gt": at } };
            let same = doc! { "at": at, "_id": { "$gt": after.id.to_string() } };
            filter.insert("$or", vec![later, same]);
        }
        let found = async {
            let found = self.comments.find(filter).sort(doc! { "at": 1, "_id": 1 });
            found.limit(i64::from(query.limit)).await?.try_collect::<Vec<_>>().await
        };
        within(found).await?.into_iter().map(CommentDocument::into_comment).collect()
    }

    async fn approve(&self, id: CommentId) -> Result<bool, StoreError> {
        let approved = doc! { "$set": { "state": CommentState::Approved.name() } };
        let written = self.comments.update_one(doc! { "_id": id.to_string() }, approved);
        Ok(within(written).await?.matched_count == 1)
    }

    async fn delete(&self, id: CommentId) -> Result<bool, StoreError> {
        let deleted = self.comments.delete_one(doc! { "_id": id.to_string() });
        Ok(within(deleted).await?.deleted_count == 1)
    }

    async fn ban(&self, id: CommentId, at: Timestamp) -> Result<Option<Sender>, StoreError> {
        let found = within(self.comments.find_one(doc! { "_id": id.to_string() })).await?;
        let Some(found) = found else { return Ok(None) };
        let sender = found.into_comment()?.sender;
        let insert = doc! { "$setOnInsert": { "at": stored(at) } };
        let banned = doc! { "_id": sender.to_string() };
        within(self.bans.update_one(banned, insert).upsert(true)).await?;
        let held = doc! { "sender": sender.to_string(), "state": CommentState::Held.name() };
        within(self.comments.delete_many(held)).await?;
        Ok(Some(sender))
    }

    async fn banned(&self) -> Result<Vec<(Sender, Timestamp)>, StoreError> {
        let found = async {
            let found = self.bans.find(doc! {}).sort(doc! { "at": 1, "_id": 1 });
            found.await?.try_collect::<Vec<_>>().await
        };
        let ban = |found: BanDocument| {
            let sender = found.sender.parse().map_err(|error| corrupt("ban", error))?;
            Ok((sender, read(found.at, "ban")?))
        };
        within(found).await?.into_iter().map(ban).collect()
    }

    async fn pardon(&self, sender: Sender) -> Result<bool, StoreError> {
        let deleted = self.bans.delete_one(doc! { "_id": sender.to_string() });
        Ok(within(deleted).await?.deleted_count == 1)
    }

    async fn purge(&self, path: &PostPath) -> Result<u64, StoreError> {
        let deleted = self.comments.delete_many(doc! { "path": path.as_str() });
        Ok(within(deleted).await?.deleted_count)
    }
}

/// The name of an inserted document comes from what it was looked for by.
fn without_id(mut document: Document) -> Document {
    document.remove("_id");
    document
}
