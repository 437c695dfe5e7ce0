//! Where posts are kept: `MongoDB` or `SQLite` behind the ports of `domain`, and Redis or memory
//! for answers that may be forgotten.
//!
//! Both stores keep the same promises, which `tests/store` asks of each.

mod backup;
mod memory;
mod mongo;
mod redis;
mod settings;
mod sqlite;

pub use crate::backup::{BackupError, BackupSummary, verify_backup};
pub use crate::memory::{MemoryCache, MemoryTally};
pub use crate::mongo::{MongoPosts, MongoSettings};
pub use crate::redis::{RedisCache, RedisSettings, RedisTally, RedisUriError};
pub use crate::settings::StoreSettings;
pub use crate::sqlite::SqlitePosts;
