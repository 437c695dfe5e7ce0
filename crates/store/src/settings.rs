//! Which store, as the environment says.

use crate::{MongoPosts, MongoSettings, SqlitePosts};
use domain::{CommentStore, CountStore, PostReader, PostWriter, StoreError};
use service_kit::{SettingError, Vars};
use std::path::PathBuf;
use std::sync::Arc;

/// Which store.
#[derive(Debug, Clone)]
pub enum StoreSettings {
    /// `SQLITE_PATH`: the file of an embedded store, instead of `MongoDB`.
    Sqlite(PathBuf),
    /// `MONGODB_URI` and `MONGODB_DATABASE`, unless `SQLITE_PATH` is set.
    Mongo(MongoSettings),
}

impl StoreSettings {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn from_vars(vars: &impl Vars) -> Result<Self, SettingError> {
        match vars.get("SQLITE_PATH")? {
            Some(path) => Ok(Self::Sqlite(path.into())),
            None => MongoSettings::from_vars(vars).map(Self::Mongo),
        }
    }

    /// Prepares to use the store for reading. `MongoDB` may still be down.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] if the file cannot be opened or the URI is malformed.
    pub async fn reader(&self) -> Result<Arc<dyn PostReader>, StoreError> {
        match self {
            Self::Sqlite(path) => Ok(Arc::new(SqlitePosts::open(path)?)),
            Self::Mongo(mongo) => Ok(Arc::new(MongoPosts::connect(mongo).await?)),
        }
    }

    /// Prepares to use the store for counting; as [`StoreSettings::reader`].
    ///
    /// # Errors
    ///
    /// As [`StoreSettings::reader`].
    pub async fn counts(&self) -> Result<Arc<dyn CountStore>, StoreError> {
        match self {
            Self::Sqlite(path) => Ok(Arc::new(SqlitePosts::open(path)?)),
            Self::Mongo(mongo) => Ok(Arc::new(MongoPosts::connect(mongo).await?)),
        }
    }

    /// Prepares to use the store for comments; as [`StoreSettings::reader`].
    ///
    /// # Errors
    ///
    /// As [`StoreSettings::reader`].
    pub async fn comments(&self) -> Result<Arc<dyn CommentStore>, StoreError> {
        match self {
            Self::Sqlite(path) => Ok(Arc::new(SqlitePosts::open(path)?)),
            Self::Mongo(mongo) => Ok(Arc::new(MongoPosts::connect(mongo).await?)),
        }
    }

    /// Prepares to use the store for writing; as [`StoreSettings::reader`].
    ///
    /// # Errors
    ///
    /// As [`StoreSettings::reader`].
    pub async fn writer(&self) -> Result<Arc<dyn PostWriter>, StoreError> {
        match self {
            Self::Sqlite(path) => Ok(Arc::new(SqlitePosts::open(path)?)),
            Self::Mongo(mongo) => Ok(Arc::new(MongoPosts::connect(mongo).await?)),
        }
    }
}
