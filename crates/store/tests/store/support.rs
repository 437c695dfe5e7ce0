//! The stores, and one release registered as the loader does it.

use domain::{Change, Comparison, Lease, Post, PostReader, PostWriter, ReleaseSeq, StoreError};
use secrecy::SecretString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::{MongoPosts, MongoSettings, SqlitePosts};

/// A store, seen from both sides.
pub(crate) struct Store {
    pub(crate) name: &'static str,
    pub(crate) reader: Arc<dyn PostReader>,
    pub(crate) writer: Arc<dyn PostWriter>,
    pub(crate) _folder: Option<tempfile::TempDir>,
}

/// An empty store of each kind that this machine has.
pub(crate) async fn stores() -> Vec<Store> {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = in_sqlite(&folder.path().join("blog.sqlite"));
    let mut stores = vec![Store { _folder: Some(folder), ..sqlite }];
    if let Some(server) = test_kit::mongod() {
        stores.push(in_mongo(server.uri(), server.database()).await);
    }
    for store in &stores {
        store.writer.prepare().await.unwrap();
    }
    stores
}

/// The store in the file at `path`.
pub(crate) fn in_sqlite(path: &Path) -> Store {
    let sqlite = SqlitePosts::open(path).unwrap();
    let (reader, writer) = (Arc::new(sqlite.clone()), Arc::new(sqlite));
    Store { name: "SQLite", reader, writer, _folder: None }
}

/// The store in a database of the server at `uri`.
pub(crate) async fn in_mongo(uri: impl Into<SecretString>, database: String) -> Store {
    let settings = MongoSettings { uri: uri.into(), database };
    let mongo = MongoPosts::connect(&settings).await.unwrap();
    let (reader, writer) = (Arc::new(mongo.clone()), Arc::new(mongo));
    Store { name: "MongoDB", reader, writer, _folder: None }
}

impl Store {
    pub(crate) async fn lease(&self, holder: &str) -> Lease {
        let lasts = Duration::from_mins(1);
        self.writer.lease(holder, lasts).await.unwrap().expect("nobody else holds the lease")
    }

    /// Writes all of a release but the flip.
    pub(crate) async fn load(
        &self,
        lease: &Lease,
        number: u8,
        posts: &[Post],
    ) -> Result<ReleaseSeq, StoreError> {
        let mut comparison = Comparison::with(self.writer.visible_in_head().await?);
        let mut new = posts.to_vec();
        new.retain(|post| {
            comparison.take(&post.summary.path, post.hash).unwrap() != Change::Unchanged
        });
        let difference = comparison.finish();
        let id = test_kit::release_id(number);
        let seq = self.writer.begin(lease, &id, posts.len() as u64).await?;
        let gone = [&difference.changed[..], &difference.removed].concat();
        self.writer.retire(lease, seq, &gone).await?;
        self.writer.insert(lease, seq, &new).await?;
        Ok(seq)
    }

    /// Registers a release.
    pub(crate) async fn register(&self, number: u8, posts: &[Post]) -> ReleaseSeq {
        let lease = self.lease("loader").await;
        let seq = self.load(&lease, number, posts).await.unwrap();
        assert_eq!(self.writer.count(seq).await.unwrap(), posts.len() as u64, "{}", self.name);
        self.writer.flip(&lease, seq).await.unwrap();
        self.writer.give_back(&lease).await.unwrap();
        seq
    }

    /// What a reader lists now.
    pub(crate) async fn listed(&self) -> Vec<String> {
        test_kit::listed(&*self.reader).await
    }
}
