//! What every cache promises.

use domain::Cache;
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

#[tokio::test]
async fn redis_keeps_what_it_is_given() {
    let Some(server) = test_kit::redis() else { return };
    keeps_what_it_is_given(&RedisCache::connect(&server.uri().into()).unwrap()).await;
}

#[tokio::test]
async fn redis_that_is_frozen_or_gone_misses_quickly_and_comes_back() {
    let Some(mut server) = Server::redis() else { return };
    let cache = RedisCache::connect(&server.uri().into()).unwrap();
    cache.put("a", b"x", LONG).await;
    assert!(cache.get("a").await.is_some());
    assert!(cache.is_up().await);

    server.freeze(true);
    assert!(!cache.is_up().await);
    let started = Instant::now();
    for _ in 0..100 {
        assert_eq!(cache.get("a").await, None);
    }
    // One question waits for 50 ms, the others do not ask. The bound is loose for a busy machine.
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    server.freeze(false);
    until_it_keeps(&cache).await;

    server.kill();
    assert_eq!(cache.get("a").await, None);
    server.resume();
    until_it_keeps(&cache).await;
}

async fn until_it_keeps(cache: &RedisCache) {
    let started = Instant::now();
    while cache.get("again").await.is_none() {
        assert!(started.elapsed() < Duration::from_secs(30), "Redis is back and not used");
        tokio::time::sleep(Duration::from_millis(50)).await;
        cache.put("again", b"x", LONG).await;
    }
}

#[tokio::test]
async fn a_redis_that_was_never_there_is_a_miss() {
    let uri = format!("redis://127.0.0.1:{}", test_kit::free_port());
    let cache = RedisCache::connect(&uri.into()).unwrap();

    cache.put("a", b"x", LONG).await;

    assert_eq!(cache.get("a").await, None);
    assert!(RedisCache::connect(&"not a uri".to_owned().into()).is_err());
}
