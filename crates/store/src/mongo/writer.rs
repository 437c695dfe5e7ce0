//! What the loader writes.
//!
//! `MongoDB` without a replica set has no transactions, so only the flip looks at the lease and
//! writes in one step. The other writes look first; what a loader that lost its lease in between
//! still writes belongs to a release number that is never flipped to, and is removed by the next
//! run.

use super::document::{PointerDocument, PostDocument, ReleaseDocument};
use super::{MongoPosts, corrupt, index, visible, within};
use async_trait::async_trait;
use domain::{
    CurrentRelease, Lease, Post, PostPath, PostReader, PostWriter, ReleaseId, ReleaseSeq,
    StoreError, VisiblePost,
};
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;
use std::time::Duration;

#[async_trait]
impl PostWriter for MongoPosts {
    async fn prepare(&self) -> Result<(), StoreError> {
        within(self.posts.create_indexes(index::posts())).await?;
        within(self.counters.create_index(index::counters())).await?;
        let first = doc! { "$setOnInsert": { "head": 0i64, "next_seq": 1i64 } };
        within(self.current.update_one(pointer(), first).upsert(true)).await?;
        Ok(())
    }

    async fn current(&self) -> Result<Option<CurrentRelease>, StoreError> {
        PostReader::current(self).await
    }

    async fn lease(&self, holder: &str, lasts: Duration) -> Result<Option<Lease>, StoreError> {
        let free = doc! { "$or": [
            { "$eq": ["$lease.holder", holder] },
            { "$lte": [{ "$ifNull": ["$lease.until", null] }, "$$NOW"] },
        ] };
        let millis = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX / 2);
        let until = doc! { "$add": ["$$NOW", millis] };
        let take = vec![doc! { "$set": { "lease": { "holder": holder, "until": until } } }];
        let filter = doc! { "_id": PointerDocument::KEY, "$expr": free };
        let taken = within(self.current.update_one(filter, take)).await?;
        let lease = Lease { holder: holder.to_owned(), lasts };
        Ok((taken.matched_count == 1).then_some(lease))
    }

    async fn give_back(&self, lease: &Lease) -> Result<(), StoreError> {
        let held = doc! { "_id": PointerDocument::KEY, "lease.holder": &lease.holder };
        within(self.current.update_one(held, doc! { "$unset": { "lease": "" } })).await?;
        Ok(())
    }

    async fn recover(&self, lease: &Lease) -> Result<u64, StoreError> {
        self.check(lease).await?;
        let head = self.pointer().await?.head;
        let beyond = doc! { "$gt": head };
        let removed =
            within(self.posts.delete_many(doc! { "since": beyond.clone() })).await?.deleted_count;
        let reopen = doc! { "$set": { "until": null } };
        let reopened =
            within(self.posts.update_many(doc! { "until": beyond.clone() }, reopen)).await?;
        within(self.releases.delete_many(doc! { "_id": beyond })).await?;
        Ok(removed + reopened.modified_count)
    }

    async fn head(&self) -> Result<Option<CurrentRelease>, StoreError> {
        let head = self.pointer().await?.head;
        let found = within(self.releases.find_one(doc! { "_id": head })).await?;
        found.map(ReleaseDocument::into_release).transpose()
    }

    async fn visible_in_head(&self) -> Result<Vec<VisiblePost>, StoreError> {
        self.visible_posts(self.pointer().await?.head).await
    }

    async fn begin(
        &self,
        lease: &Lease,
        release: &ReleaseId,
        posts: u64,
    ) -> Result<ReleaseSeq, StoreError> {
        let next = doc! { "$inc": { "next_seq": 1i64 } };
        let before = self
            .current
            .find_one_and_update(held(lease), next)
            .return_document(ReturnDocument::Before);
        let seq = within(before).await?.ok_or(StoreError::LeaseLost)?.next_seq;
        let release = ReleaseDocument::new(seq, *release, posts);
        within(self.releases.insert_one(release)).await?;
        Ok(ReleaseSeq(seq))
    }

    async fn retire(
        &self,
        lease: &Lease,
        seq: ReleaseSeq,
        paths: &[PostPath],
    ) -> Result<(), StoreError> {
        self.check(lease).await?;
        let paths: Vec<&str> = paths.iter().map(PostPath::as_str).collect();
        let open = doc! { "path": { "$in": paths }, "until": null };
        within(self.posts.update_many(open, doc! { "$set": { "until": seq.0 } })).await?;
        Ok(())
    }

    async fn insert(
        &self,
        lease: &Lease,
        seq: ReleaseSeq,
        posts: &[Post],
    ) -> Result<(), StoreError> {
        if posts.is_empty() {
            return Ok(());
        }
        self.check(lease).await?;
        within(self.posts.insert_many(posts.iter().map(|post| PostDocument::new(post, seq))))
            .await?;
        Ok(())
    }

    async fn count(&self, seq: ReleaseSeq) -> Result<u64, StoreError> {
        within(self.posts.count_documents(visible(seq.0))).await
    }

    async fn flip(&self, lease: &Lease, seq: ReleaseSeq) -> Result<CurrentRelease, StoreError> {
        let found = within(self.releases.find_one(doc! { "_id": seq.0 })).await?;
        let unknown = || corrupt(&format!("release {seq}"), UnknownRelease);
        let release = found.ok_or_else(unknown)?;
        let set = doc! { "$set": {
            "seq": seq.0,
            "id": release.id.to_string(),
            "posts": release.posts,
            "head": { "$max": ["$head", seq.0] },
            "at": "$$NOW",
        } };
        let flipped = self
            .current
            .find_one_and_update(held(lease), vec![set])
            .return_document(ReturnDocument::After);
        let pointer = within(flipped).await?.ok_or(StoreError::LeaseLost)?;
        pointer.into_release()?.ok_or_else(unknown)
    }

    async fn collect(&self, lease: &Lease, keep: u32) -> Result<u64, StoreError> {
        self.check(lease).await?;
        let shown = PostReader::current(self).await?.map(|current| current.seq);
        let kept = self.releases().await?;
        let kept = kept.iter().take(keep as usize).map(|release| release.seq);
        let Some(floor) = kept.chain(shown).min() else { return Ok(0) };
        let removed = within(self.posts.delete_many(doc! { "until": { "$lte": floor.0 } })).await?;
        within(self.releases.delete_many(doc! { "_id": { "$lt": floor.0 } })).await?;
        Ok(removed.deleted_count)
    }

    async fn releases(&self) -> Result<Vec<CurrentRelease>, StoreError> {
        let head = self.pointer().await?.head;
        let found = async {
            let complete = self.releases.find(doc! { "_id": { "$lte": head } });
            complete.sort(doc! { "_id": -1 }).await?.try_collect::<Vec<_>>().await
        };
        within(found).await?.into_iter().map(ReleaseDocument::into_release).collect()
    }
}

/// The pointer names a release that is not among the releases.
#[derive(Debug, thiserror::Error)]
#[error("no such release")]
struct UnknownRelease;

impl MongoPosts {
    async fn pointer(&self) -> Result<PointerDocument, StoreError> {
        let found = within(self.current.find_one(pointer())).await?;
        found.ok_or_else(|| corrupt(PointerDocument::KEY, UnknownRelease))
    }

    /// Whether `lease` still holds.
    async fn check(&self, lease: &Lease) -> Result<(), StoreError> {
        match within(self.current.count_documents(held(lease))).await? {
            0 => Err(StoreError::LeaseLost),
            _ => Ok(()),
        }
    }
}

fn pointer() -> Document {
    doc! { "_id": PointerDocument::KEY }
}

/// The pointer, if `lease` still holds by the database's clock.
fn held(lease: &Lease) -> Document {
    doc! {
        "_id": PointerDocument::KEY,
        "lease.holder": &lease.holder,
        "$expr": { "$gt": ["$lease.until", "$$NOW"] },
    }
}
