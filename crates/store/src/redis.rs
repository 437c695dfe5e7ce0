//! A cache in Redis that may always miss.

mod tally;

pub use tally::RedisTally;

use async_trait::async_trait;
use domain::Cache;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, ErrorKind, RedisError, RedisResult};
use secrecy::{ExposeSecret, SecretString};
use service_kit::{SettingError, Vars};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A cache that takes longer than this is slower than none.
const DEADLINE: Duration = Duration::from_millis(50);
/// A connection may have to be made first.
const PING_DEADLINE: Duration = Duration::from_secs(1);
/// How long nobody asks after a question that went unanswered.
const REST: Duration = Duration::from_secs(1);
/// How long finding out why it does not answer may take.
const DIAGNOSIS_DEADLINE: Duration = Duration::from_secs(2);

const REFUSED: &str = "Redis refuses the user or password in REDIS_URI: mend it there or in Redis";
const SILENT: &str = "no Redis answers at the address in REDIS_URI: see whether it runs";

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
    client: Client,
    connection: ConnectionManager,
    began: Instant,
    /// Milliseconds after `began` until which nobody asks.
    resting_until: Arc<AtomicU64>,
    /// Whether it was said that there is trouble, which is said once.
    is_told: Arc<AtomicBool>,
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
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config);
        Ok(Self {
            client,
            connection: connection.map_err(RedisUriError)?,
            began: Instant::now(),
            resting_until: Arc::default(),
            is_told: Arc::default(),
        })
    }

    /// Awaits an answer of Redis, but not for long, and not soon again after one that failed.
    async fn ask<T>(&self, answer: impl Future<Output = RedisResult<T>>) -> Option<T> {
        if self.millis() < self.resting_until.load(Ordering::Relaxed) {
            return None;
        }
        let error = match tokio::time::timeout(DEADLINE, answer).await {
            Ok(Ok(value)) => {
                if self.is_told.swap(false, Ordering::Relaxed) {
                    tracing::info!("Redis answers again");
                }
                return Some(value);
            }
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        let rest = u64::try_from(REST.as_millis()).unwrap_or(u64::MAX);
        self.resting_until.store(self.millis() + rest, Ordering::Relaxed);
        if !self.is_told.swap(true, Ordering::Relaxed) {
            tokio::spawn(diagnose(self.client.clone(), error));
        }
        None
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Says once why Redis does not answer. A connection that is being made retries for longer than a
/// question waits, so the cause is asked for anew, with more time.
async fn diagnose(client: Client, error: Option<RedisError>) {
    let error = match error {
        Some(error) if is_refusal(&error) => Some(error),
        _ => {
            let connecting = client.get_multiplexed_async_connection();
            let connected = tokio::time::timeout(DIAGNOSIS_DEADLINE, connecting).await;
            connected.ok().and_then(Result::err)
        }
    };
    let why = match &error {
        Some(error) if is_refusal(error) => REFUSED,
        _ => SILENT,
    };
    let cause = error.map_or_else(|| "no answer in time".to_owned(), |error| error.to_string());
    tracing::warn!("{why}; until then answers are computed afresh: {cause}");
}

/// Whether Redis is there and does not let us in.
fn is_refusal(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
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
