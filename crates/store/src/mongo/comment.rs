//! Comments in the collection `comments`, and who may write no more in `bans`.

use super::document::{read, stored};
use super::{MongoPosts, corrupt, index};
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
        let create = |store: Self| async move {
            store.comments.create_indexes(index::comments()).await.map(drop)
        };
        self.ask(create).await
    }

    async fn add(&self, comment: &Comment) -> Result<bool, StoreError> {
        let document = mongodb::bson::serialize_to_document(&CommentDocument::from(comment));
        let document = document.map_err(|error| corrupt("comment", error))?;
        let found = doc! { "_id": comment.id.to_string() };
        let insert = doc! { "$setOnInsert": without_id(document) };
        let written =
            self.ask(
                |store| async move { store.comments.update_one(found, insert).upsert(true).await },
            );
        Ok(written.await?.upserted_id.is_some())
    }

    async fn find(&self, id: CommentId) -> Result<Option<Comment>, StoreError> {
        let this = doc! { "_id": id.to_string() };
        let found = self.ask(|store| async move { store.comments.find_one(this).await });
        found.await?.map(CommentDocument::into_comment).transpose()
    }

    async fn load(&self, sender: Sender, since: Timestamp) -> Result<CommentLoad, StoreError> {
        let (sender, since) = (sender.to_string(), doc! { "$gte": stored(since) });
        let load = |store: Self| async move {
            let of_sender = doc! { "sender": &sender, "at": since.clone() };
            let held = doc! { "state": CommentState::Held.name() };
            let banned = store.bans.count_documents(doc! { "_id": &sender }).await?;
            Ok(CommentLoad {
                is_banned: banned > 0,
                of_sender: store.comments.count_documents(of_sender).await?,
                recent: store.comments.count_documents(doc! { "at": since }).await?,
                held: store.comments.count_documents(held).await?,
            })
        };
        self.ask(load).await
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
        let limit = i64::from(query.limit);
        let found = self.ask(move |store| async move {
            let found = store.comments.find(filter).sort(doc! { "at": 1, "_id": 1 }).limit(limit);
            found.await?.try_collect::<Vec<_>>().await
        });
        found.await?.into_iter().map(CommentDocument::into_comment).collect()
    }

    async fn approve(&self, id: CommentId) -> Result<bool, StoreError> {
        let approved = doc! { "$set": { "state": CommentState::Approved.name() } };
        let this = doc! { "_id": id.to_string() };
        let written =
            self.ask(|store| async move { store.comments.update_one(this, approved).await });
        Ok(written.await?.matched_count == 1)
    }

    async fn delete(&self, id: CommentId) -> Result<bool, StoreError> {
        let this = doc! { "_id": id.to_string() };
        let deleted = self.ask(|store| async move { store.comments.delete_one(this).await });
        Ok(deleted.await?.deleted_count == 1)
    }

    async fn ban(&self, id: CommentId, at: Timestamp) -> Result<Option<Sender>, StoreError> {
        let Some(comment) = self.find(id).await? else { return Ok(None) };
        let insert = doc! { "$setOnInsert": { "at": stored(at) } };
        let banned = doc! { "_id": comment.sender.to_string() };
        let held =
            doc! { "sender": comment.sender.to_string(), "state": CommentState::Held.name() };
        let ban = |store: Self| async move {
            store.bans.update_one(banned, insert).upsert(true).await?;
            store.comments.delete_many(held).await
        };
        self.ask(ban).await?;
        Ok(Some(comment.sender))
    }

    async fn banned(&self) -> Result<Vec<(Sender, Timestamp)>, StoreError> {
        let found = self.ask(|store| async move {
            let found = store.bans.find(doc! {}).sort(doc! { "at": 1, "_id": 1 });
            found.await?.try_collect::<Vec<_>>().await
        });
        let ban = |found: BanDocument| {
            let sender = found.sender.parse().map_err(|error| corrupt("ban", error))?;
            Ok((sender, read(found.at, "ban")?))
        };
        found.await?.into_iter().map(ban).collect()
    }

    async fn pardon(&self, sender: Sender) -> Result<bool, StoreError> {
        let this = doc! { "_id": sender.to_string() };
        let deleted = self.ask(|store| async move { store.bans.delete_one(this).await });
        Ok(deleted.await?.deleted_count == 1)
    }

    async fn purge(&self, path: &PostPath) -> Result<u64, StoreError> {
        let these = doc! { "path": path.as_str() };
        let deleted = self.ask(|store| async move { store.comments.delete_many(these).await });
        Ok(deleted.await?.deleted_count)
    }
}

/// The name of an inserted document comes from what it was looked for by.
fn without_id(mut document: Document) -> Document {
    document.remove("_id");
    document
}
