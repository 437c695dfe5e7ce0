//! Indexes, created by the loader.

use mongodb::IndexModel;
use mongodb::bson::doc;
use mongodb::options::IndexOptions;

/// The indexes of `posts`.
pub(super) fn posts() -> Vec<IndexModel> {
    // No two versions of one path are open, or end with the same release.
    let unique = IndexOptions::builder().unique(true).build();
    let index = |keys| IndexModel::builder().keys(keys).build();
    vec![
        IndexModel::builder().keys(doc! { "path": 1, "until": 1 }).options(unique).build(),
        index(doc! { "until": 1 }),
        index(doc! { "since": 1 }),
    ]
}

/// The index of `counters`.
pub(super) fn counters() -> IndexModel {
    IndexModel::builder().keys(doc! { "batch": 1 }).build()
}

/// The indexes of `comments`.
pub(super) fn comments() -> Vec<IndexModel> {
    let index = |keys| IndexModel::builder().keys(keys).build();
    vec![
        index(doc! { "path": 1, "state": 1, "at": 1, "_id": 1 }),
        index(doc! { "state": 1, "at": 1, "_id": 1 }),
        index(doc! { "sender": 1, "at": 1 }),
        index(doc! { "at": 1, "_id": 1 }),
    ]
}
