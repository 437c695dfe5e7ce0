//! What the API asks.

use super::document::{PointerDocument, PostDocument};
use super::{MongoPosts, visible};
use async_trait::async_trait;
use domain::{
    ContentHash, CurrentRelease, Post, PostPath, PostReader, ReleaseSeq, StoreError, VisiblePost,
};
use futures_util::TryStreamExt;
use mongodb::bson::doc;
use serde::Deserialize;

/// What a difference needs of a post.
#[derive(Deserialize)]
struct Version {
    path: PostPath,
    hash: ContentHash,
}

#[async_trait]
impl PostReader for MongoPosts {
    async fn current(&self) -> Result<Option<CurrentRelease>, StoreError> {
        let pointer = self.ask(|store| async move {
            store.current.find_one(doc! { "_id": PointerDocument::KEY }).await
        });
        pointer.await?.map_or(Ok(None), PointerDocument::into_release)
    }

    async fn versions(&self, release: ReleaseSeq) -> Result<Vec<VisiblePost>, StoreError> {
        self.visible_posts(release.0).await
    }

    async fn some(&self, release: ReleaseSeq, paths: &[PostPath]) -> Result<Vec<Post>, StoreError> {
        let mut filter = visible(release.0);
        let paths: Vec<&str> = paths.iter().map(PostPath::as_str).collect();
        filter.insert("path", doc! { "$in": paths });
        let found = self.ask(|store| async move {
            store.posts.find(filter).await?.try_collect::<Vec<_>>().await
        });
        found.await?.into_iter().map(PostDocument::into_post).collect()
    }
}

impl MongoPosts {
    /// What release `seq` shows, in the order of paths.
    pub(super) async fn visible_posts(&self, seq: i64) -> Result<Vec<VisiblePost>, StoreError> {
        let found = self.ask(move |store| async move {
            let posts = store.posts.clone_with_type::<Version>();
            let posts = posts.find(visible(seq));
            let posts = posts.projection(doc! { "path": 1, "hash": 1 }).sort(doc! { "path": 1 });
            posts.await?.try_collect::<Vec<_>>().await
        });
        let found = found.await?;
        Ok(found.into_iter().map(|Version { path, hash }| VisiblePost { path, hash }).collect())
    }
}
