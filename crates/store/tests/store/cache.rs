//! What every cache promises.

use domain::Cache;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::{MemoryCache, RedisCache};
use test_kit::Server;

const LONG: Duration = Duration::from_mins(1);

async fn keeps_what_it_is_given(cache: &dyn Cache) {
    assert_eq!(cache.get("a").await, None);

    cache.put("a", "墨".as_bytes(), LONG).await;
    cache.put("b", b"", LONG).await;

    assert_eq!(cache.get("a").await.as_deref(), Some("墨".as_bytes()));
    assert_eq!(cache.get("b").await.as_deref(), Some(&b""[..]));
}

#[tokio::test]
async fn memory_keeps_and_forgets() {
    let cache = MemoryCache::new(1 << 20);

    keeps_what_it_is_given(&cache).await;

    cache.put("brief", b"x", Duration::ZERO).await;
    assert_eq!(cache.get("brief").await, None);
    let small = MemoryCache::new(64 * 1024);
    for index in 0..1000 {
        small.put(&index.to_string(), &[0; 1024], LONG).await;
    }
    let mut kept = 0;
    for index in 0..1000 {
        kept += usize::from(small.get(&index.to_string()).await.is_some());
    }
    assert!((1..64).contains(&kept), "{kept} KiB are kept of at most 64");
}

/// An answer of Redis that is late is a miss, and a second of misses follows. On a busy machine that
/// may be any answer: each question is asked until it has one, which must be right at once.
#[tokio::test]
async fn redis_keeps_what_it_is_given() {
    let Some(server) = test_kit::redis() else { return };
    let cache = RedisCache::connect(&server.uri().into()).unwrap();
    let given = [("a", "墨".as_bytes()), ("b", &b""[..])];
    assert_eq!(cache.get("a").await, None);

    for (key, value) in given {
        let put_and_get = async || {
            cache.put(key, value, LONG).await;
            cache.get(key).await
        };
        assert_eq!(in_the_end(put_and_get).await, value, "{key}");
    }

    for (key, value) in given {
        assert_eq!(in_the_end(async || cache.get(key).await).await, value, "{key} later");
    }
}

/// What `ask` gives when it gives anything.
async fn in_the_end(ask: impl AsyncFn() -> Option<Vec<u8>>) -> Vec<u8> {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "Redis never has what it was given");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn redis_that_is_frozen_or_gone_misses_quickly_and_comes_back() {
    let Some(mut server) = Server::redis() else { return };
    let cache = RedisCache::connect(&server.uri().into()).unwrap();
    until_it_keeps(&cache).await;
    assert!(cache.is_up().await);

    server.freeze(true);
    assert!(!cache.is_up().await);
    let started = Instant::now();
    for _ in 0..100 {
        assert_eq!(cache.get("again").await, None);
    }
    // One question waits for 50 ms, the others do not ask. The bound is loose for a busy machine.
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    server.freeze(false);
    until_it_keeps(&cache).await;

    server.kill();
    assert_eq!(cache.get("again").await, None);
    server.resume();
    until_it_keeps(&cache).await;
}

async fn until_it_keeps(cache: &RedisCache) {
    let put_and_get = async || {
        cache.put("again", b"x", LONG).await;
        cache.get("again").await
    };
    assert_eq!(in_the_end(put_and_get).await, b"x");
}

#[tokio::test]
async fn a_redis_that_was_never_there_is_a_miss() {
    let uri = format!("redis://127.0.0.1:{}", test_kit::free_port());
    let cache = RedisCache::connect(&uri.into()).unwrap();

    cache.put("a", b"x", LONG).await;

    assert_eq!(cache.get("a").await, None);
    assert!(RedisCache::connect(&"not a uri".to_owned().into()).is_err());
}

/// What was logged, for a test to read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn a_wrong_password_for_redis_is_one_clear_warning_and_a_miss() {
    let Some(server) = Server::redis_with_password("right") else { return };
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    // This runtime has one thread, so what is spawned logs here too.
    let _guard = tracing::subscriber::set_default(subscriber);
    let uri = server.uri().replace("redis://", "redis://:guessed@");
    let wrong = RedisCache::connect(&uri.into()).unwrap();
    let uri = server.uri().replace("redis://", "redis://:right@");
    let right = RedisCache::connect(&uri.into()).unwrap();

    until_it_keeps(&right).await;
    let started = Instant::now();
    while refusals(&log).is_empty() || started.elapsed() < Duration::from_millis(2500) {
        assert_eq!(wrong.get("a").await, None);
        assert!(started.elapsed() < Duration::from_secs(30), "nothing is said");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let said = refusals(&log);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("WARN"), "{said:?}");
    assert!(!log.lines().concat().contains("guessed"), "{:?}", log.lines());
}

fn refusals(log: &Log) -> Vec<String> {
    let is_refusal =
        |line: &String| line.contains("Redis refuses the user or password in REDIS_URI");
    log.lines().into_iter().filter(is_refusal).collect()
}
