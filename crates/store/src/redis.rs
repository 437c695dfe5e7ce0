//! A cache in Redis that may always miss.

mod tally;

pub use tally::RedisTally;

use async_trait::async_trait;
use domain::Cache;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, RedisResult};
use secrecy::{ExposeSecret, SecretString};
use service_kit::{SettingError, Vars};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A cache that takes longer than this is slower than none.
const DEADLINE: Duration = Duration::from_millis(50);
/// A connection may have to be made first.
const PING_DEADLINE: Duration = Duration::from_secs(1);
/// How long nobody asks after a question that went unanswered.
const REST: Duration = Duration::from_secs(1);

/// Where Redis is.
#[derive(Debug, Clone, Default)]
pub struct RedisSettings {
    /// `REDIS_URI`: `redis://[user:password@]host:port`; unset means no Redis.
    pub uri: Option<SecretString>,
}

impl RedisSettings {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn from_vars(vars: &impl Vars) -> Result<Self, SettingError> {
        Ok(Self { uri: vars.secret("REDIS_URI")? })
    }
}

/// Answers kept in Redis. A question that is not answered in time, 50 ms, is a miss, and the next ones
/// are misses at once for a second: Redis down means slower, never an error.
#[derive(Clone)]
pub struct RedisCache {
    connection: ConnectionManager,
    began: Instant,
    /// Milliseconds after `began` until which nobody asks.
    resting_until: std::sync::Arc<AtomicU64>,
}

/// The URI is not one of Redis.
#[derive(Debug, thiserror::Error)]
#[error("`REDIS_URI` cannot be used: write `redis://[user:password@]host:port`")]
pub struct RedisUriError(#[source] redis::RedisError);

impl RedisCache {
    /// Prepares to use Redis at `uri`. It is connected to when first asked, so this succeeds while
    /// the server is down.
    ///
    /// # Errors
    ///
    /// [`RedisUriError`] if `uri` is malformed.
    pub fn connect(uri: &SecretString) -> Result<Self, RedisUriError> {
        let client = Client::open(uri.expose_secret()).map_err(RedisUriError)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(DEADLINE))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_lazy_with_config(client, config);
        Ok(Self {
            connection: connection.map_err(RedisUriError)?,
            began: Instant::now(),
            resting_until: std::sync::Arc::default(),
        })
    }

    /// Awaits an answer of Redis, but not for long, and not soon again after one that failed.
    async fn ask<T>(&self, answer: impl Future<Output = RedisResult<T>>) -> Option<T> {
        if self.millis() < self.resting_until.load(Ordering::Relaxed) {
            return None;
        }
        let why = match tokio::time::timeout(DEADLINE, answer).await {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        let rest = u64::try_from(REST.as_millis()).unwrap_or(u64::MAX);
        self.resting_until.store(self.millis() + rest, Ordering::Relaxed);
        tracing::warn!("Redis does not answer, answers are computed afresh: {why}");
        None
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[async_trait]
impl Cache for RedisCache {
    fn name(&self) -> &'static str {
        "redis"
    }

    /// Asks even while it rests, and says nothing: whoever needs an answer has told of the silence.
    async fn is_up(&self) -> bool {
        let mut connection = self.connection.clone();
        let answer = async { connection.ping::<String>().await };
        tokio::time::timeout(PING_DEADLINE, answer).await.is_ok_and(|answer| answer.is_ok())
    }

    async fn get(&self, key: &str) -> Option<Vec<u8>> {
        let mut connection = self.connection.clone();
        self.ask(async { connection.get::<_, Option<Vec<u8>>>(key).await }).await.flatten()
    }

    async fn put(&self, key: &str, value: &[u8], lasts: Duration) {
        let mut connection = self.connection.clone();
        let seconds = lasts.as_secs().max(1);
        self.ask(async { connection.set_ex::<_, _, ()>(key, value, seconds).await }).await;
    }
}
