//! Hits gathered in Redis, which replicas share. Every step is one script, so all of it happens or
//! nothing.
//!
//! What Redis forgets when it dies is lost: with `appendonly yes` and its default `appendfsync
//! everysec` the last second, without persistence what no API has taken over yet, about a second too.

use super::{RedisSettings, RedisUriError};
use async_trait::async_trait;
use domain::{Batch, Counts, Day, Hit, HitOutcome, PostPath, StoreError, Tally};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::time::Duration;

/// A reader's browser does not wait longer for a counter.
const DEADLINE: Duration = Duration::from_secs(1);
/// All keys are in one slot of a cluster.
const PREFIX: &str = "inkstack:{counts}:";

/// `KEYS` salt; `ARGV` fresh salt, seconds.
const SALT: &str = "redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2]) \
                    return redis.call('GET', KEYS[1])";

/// `KEYS` recent hits, seen visitors, pending counts; `ARGV` most in a minute, visitor and what it
/// did, seconds, field. -1: too many, 0: known, 1: new.
const HIT: &str = "\
local recent = redis.call('INCR', KEYS[1]) \
if recent == 1 then redis.call('EXPIRE', KEYS[1], 60) end \
if recent > tonumber(ARGV[1]) then return -1 end \
if redis.call('SADD', KEYS[2], ARGV[2]) == 0 then return 0 end \
redis.call('EXPIRE', KEYS[2], ARGV[3]) \
redis.call('HINCRBY', KEYS[3], ARGV[4], 1) \
return 1";

/// `KEYS` pending counts, batch, its number. Numbers are microseconds of Redis' clock, so that they
/// grow even if Redis has forgotten the last one.
const BATCH: &str = "\
if redis.call('EXISTS', KEYS[2]) == 0 then \
  if redis.call('EXISTS', KEYS[1]) == 0 then return false end \
  local time = redis.call('TIME') \
  local now = time[1] .. string.format('%06d', tonumber(time[2])) \
  local last = redis.call('GET', KEYS[3]) \
  if last and tonumber(now) <= tonumber(last) then redis.call('INCR', KEYS[3]) \
  else redis.call('SET', KEYS[3], now) end \
  redis.call('RENAME', KEYS[1], KEYS[2]) \
end \
return {redis.call('GET', KEYS[3]), redis.call('HGETALL', KEYS[2])}";

/// `KEYS` batch, its number; `ARGV` number.
const SETTLE: &str = "\
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[1]) end \
return 1";

/// Hits in Redis.
#[derive(Clone)]
pub struct RedisTally(ConnectionManager);

impl RedisTally {
    /// Prepares to use Redis at `uri`. It is connected to when first asked, so this succeeds while
    /// the server is down.
    ///
    /// # Errors
    ///
    /// [`RedisUriError`] if `uri` is malformed.
    pub fn connect(uri: &SecretString) -> Result<Self, RedisUriError> {
        let client = Client::open(uri.expose_secret()).map_err(RedisUriError)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(Some(DEADLINE))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_lazy_with_config(client, config);
        Ok(Self(connection.map_err(RedisUriError)?))
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &str,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<T, StoreError> {
        let mut command = Cmd::new();
        command.arg("EVAL").arg(script).arg(keys.len());
        for key in keys {
            command.arg(format!("{PREFIX}{key}"));
        }
        for argument in arguments {
            command.arg(*argument);
        }
        let mut connection = self.0.clone();
        let answer = tokio::time::timeout(DEADLINE, command.query_async(&mut connection)).await;
        let unavailable = |error| StoreError::Unavailable(error);
        answer
            .map_err(|error| unavailable(error.into()))?
            .map_err(|error| unavailable(error.into()))
    }
}

#[async_trait]
impl Tally for RedisTally {
    async fn salt(&self, day: Day, fresh: [u8; 32]) -> Result<[u8; 32], StoreError> {
        let key = format!("salt:{}", day.number);
        let left = day.left.as_secs().to_string();
        let salt: Vec<u8> = self.run(SALT, &[&key], &[&fresh, left.as_bytes()]).await?;
        salt.try_into().map_err(|_| corrupt("the salt is not 32 bytes long"))
    }

    async fn hit(&self, hit: &Hit) -> Result<HitOutcome, StoreError> {
        let (name, path) = (name(hit.counted), hit.path.as_str());
        let visitor = format!("{:032x}", u128::from_be_bytes(hit.visitor));
        let recent = format!("recent:{visitor}");
        let seen = format!("seen:{}", hit.day.number);
        let outcome: i64 = self
            .run(
                HIT,
                &[&recent, &seen, "pending"],
                &[
                    hit.most_per_minute.to_string().as_bytes(),
                    format!("{visitor}:{name}:{path}").as_bytes(),
                    hit.day.left.as_secs().to_string().as_bytes(),
                    format!("{name}:{path}").as_bytes(),
                ],
            )
            .await?;
        Ok(match outcome {
            1 => HitOutcome::New,
            0 => HitOutcome::Known,
            _ => HitOutcome::TooMany,
        })
    }

    async fn batch(&self) -> Result<Option<Batch>, StoreError> {
        let keys = ["pending", "batch", "number"];
        let found: Option<(i64, Vec<(String, u64)>)> = self.run(BATCH, &keys, &[]).await?;
        let Some((number, fields)) = found else { return Ok(None) };
        let mut counts: BTreeMap<PostPath, Counts> = BTreeMap::new();
        for (field, count) in fields {
            let (name, path) = field.split_once(':').ok_or_else(|| corrupt("a field"))?;
            let path = PostPath::parse(path).map_err(|error| corrupt(&error.to_string()))?;
            let counts = counts.entry(path).or_default();
            match name {
                VIEW => counts.views += count,
                _ => counts.likes += count,
            }
        }
        Ok(Some(Batch { number, counts: counts.into_iter().collect() }))
    }

    async fn settle(&self, number: i64) -> Result<(), StoreError> {
        self.run(SETTLE, &["batch", "number"], &[number.to_string().as_bytes()]).await
    }
}

const VIEW: &str = "view";

fn name(counted: domain::Counted) -> &'static str {
    match counted {
        domain::Counted::View => VIEW,
        domain::Counted::Like => "like",
    }
}

fn corrupt(why: &str) -> StoreError {
    StoreError::Corrupt { what: "counts in Redis".into(), source: why.into() }
}

impl RedisSettings {
    /// Where hits are gathered: in Redis, if it is set.
    ///
    /// # Errors
    ///
    /// [`RedisUriError`] if the URI is malformed.
    pub fn tally(&self) -> Result<std::sync::Arc<dyn Tally>, RedisUriError> {
        match &self.uri {
            Some(uri) => Ok(std::sync::Arc::new(RedisTally::connect(uri)?)),
            None => Ok(std::sync::Arc::new(crate::MemoryTally::default())),
        }
    }
}
