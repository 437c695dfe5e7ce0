//! What the API asks.

use super::document::{PointerDocument, PostDocument, SummaryDocument, stored};
use super::{MongoPosts, visible};
use async_trait::async_trait;
use domain::{
    ContentHash, CurrentRelease, Cursor, Post, PostDetail, PostPath, PostQuery, PostReader,
    PostSummary, ReleaseSeq, SeriesCount, StoreError, TagCount, VisiblePost, YearCount,
};
use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;
use serde::de::DeserializeOwned;

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

    async fn list(
        &self,
        release: ReleaseSeq,
        query: &PostQuery,
    ) -> Result<Vec<PostSummary>, StoreError> {
        // `limit(0)` would be all of them.
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let mut conditions = vec![visible(release.0)];
        conditions.extend(query.tag.as_ref().map(|tag| doc! { "tags": tag.as_str() }));
        conditions.extend(query.year.map(|year| doc! { "year": i32::from(year) }));
        conditions.extend(query.series.as_ref().map(|series| doc! { "series": series }));
        conditions.extend(query.after.as_ref().map(after));
        self.summaries(doc! { "$and": conditions }, newest_first(), query.limit).await
    }

    async fn detail(
        &self,
        release: ReleaseSeq,
        path: &PostPath,
    ) -> Result<Option<PostDetail>, StoreError> {
        let mut filter = visible(release.0);
        filter.insert("path", path.as_str());
        let found = self.ask(|store| async move {
            let shown = doc! { "_id": 0, "description": 1, "keywords": 1, "outline": 1 };
            store.posts.clone_with_type().find_one(filter).projection(shown).await
        });
        found.await
    }

    async fn tags(&self, release: ReleaseSeq) -> Result<Vec<TagCount>, StoreError> {
        self.counts(vec![
            doc! { "$match": visible(release.0) },
            doc! { "$unwind": "$tags" },
            doc! { "$group": { "_id": "$tags", "posts": { "$sum": 1i64 } } },
            doc! { "$sort": { "posts": -1, "_id": 1 } },
            doc! { "$project": { "_id": 0, "tag": "$_id", "posts": 1 } },
        ])
        .await
    }

    async fn years(&self, release: ReleaseSeq) -> Result<Vec<YearCount>, StoreError> {
        self.counts(vec![
            doc! { "$match": visible(release.0) },
            doc! { "$group": { "_id": "$year", "posts": { "$sum": 1i64 } } },
            doc! { "$sort": { "_id": -1 } },
            doc! { "$project": { "_id": 0, "year": "$_id", "posts": 1 } },
        ])
        .await
    }

    async fn series(&self, release: ReleaseSeq) -> Result<Vec<SeriesCount>, StoreError> {
        self.counts(vec![
            doc! { "$match": visible(release.0) },
            doc! { "$match": { "series": { "$ne": null } } },
            doc! { "$group": { "_id": "$series", "posts": { "$sum": 1i64 } } },
            doc! { "$sort": { "_id": 1 } },
            doc! { "$project": { "_id": 0, "series": "$_id", "posts": 1 } },
        ])
        .await
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

    async fn summaries(
        &self,
        filter: Document,
        order: Document,
        limit: u16,
    ) -> Result<Vec<PostSummary>, StoreError> {
        let found = self.ask(move |store| async move {
            let posts = store.posts.clone_with_type::<SummaryDocument>();
            let posts = posts.find(filter).sort(order).limit(i64::from(limit));
            posts.projection(SummaryDocument::projection()).await?.try_collect::<Vec<_>>().await
        });
        found.await?.into_iter().map(SummaryDocument::into_summary).collect()
    }

    async fn counts<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        pipeline: Vec<Document>,
    ) -> Result<Vec<T>, StoreError> {
        let found = self.ask(|store| async move {
            store.posts.aggregate(pipeline).with_type::<T>().await?.try_collect::<Vec<_>>().await
        });
        found.await
    }
}

fn newest_first() -> Document {
    doc! { PostDocument::ORDER: -1, "path": 1 }
}

/// The posts after `place` in the order of lists.
fn after(place: &Cursor) -> Document {
    let at = Bson::DateTime(stored(place.published_at));
    doc! { "$or": [
        { PostDocument::ORDER: { "$lt": at.clone() } },
        { PostDocument::ORDER: at, "path": { "$gt": place.path.as_str() } },
    ] }
}
