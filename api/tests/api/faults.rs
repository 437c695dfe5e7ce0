//! What readers see while a neighbour is killed, frozen or steps down. docs/api-faults.md has the
//! table.

#![expect(clippy::print_stdout, reason = "a test says what readers saw")]

use crate::load::{Load, POSTS, Phase};
use crate::support::{TestApp, comments, spawn_set};
use reqwest::StatusCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{MongoSettings, RedisCache, RedisTally, StoreSettings};
use test_kit::{Server, posts};
use tokio::task::JoinSet;

/// An API over servers of its own.
struct World {
    mongod: Server,
    redis: Server,
    app: TestApp,
}

impl World {
    async fn of(mongod: Option<Server>) -> Option<Self> {
        let (mongod, redis) = (mongod?, Server::redis()?);
        let settings = MongoSettings { uri: mongod.uri().into(), database: "blog".into() };
        let uri = redis.uri().into();
        let cache = Arc::new(RedisCache::connect(&uri).unwrap());
        let tally = Arc::new(RedisTally::connect(&uri).unwrap());
        let (store, folder) = (StoreSettings::Mongo(settings), tempfile::tempdir().unwrap());
        let app = spawn_set(&store, vec![cache], tally, folder, comments("held")).await;
        app.register(1, &posts(POSTS, 1)).await;
        Some(Self { mongod, redis, app })
    }

    /// Lets readers ask before, during and after what `begin` and `end` do. Whatever it is, they are
    /// never told anything wrong, and what they ask about posts is always answered.
    async fn suffer(
        mut self,
        name: &str,
        begin: impl AsyncFnOnce(&mut Self),
        end: impl AsyncFnOnce(&mut Self),
    ) -> (Load, Self) {
        let mut load = Load::start(&self.app).await;
        load.until_asked(Phase::Before).await;
        load.enter(Phase::During);
        begin(&mut self).await;
        load.until_asked(Phase::During).await;
        end(&mut self).await;
        load.enter(Phase::After);
        load.until_well().await;
        load.finish().await;

        println!("{}", load.row(name));
        load.check();
        (load, self)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_are_answered_from_memory_while_mongodb_is_dead() {
    let Some(world) = World::of(Server::mongod()).await else { return };

    let (load, world) = world
        .suffer(
            "MongoDB killed",
            async |world| world.mongod.kill(),
            async |world| {
                world.mongod.resume();
            },
        )
        .await;

    assert!(load.refused(Phase::During) > 0, "nobody else has comments");
    load.check_views(&world.app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_are_answered_from_memory_while_mongodb_is_frozen() {
    let Some(world) = World::of(Server::mongod()).await else { return };

    let (load, world) = world
        .suffer(
            "MongoDB frozen",
            async |world| world.mongod.freeze(true),
            async |world| {
                world.mongod.freeze(false);
            },
        )
        .await;

    assert!(load.refused(Phase::During) > 0, "nobody else has comments");
    load.check_views(&world.app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_are_answered_from_memory_while_a_set_has_no_primary() {
    let Some(world) = World::of(Server::mongod_in_a_set().await).await else { return };
    let away = Duration::from_secs(4);

    let (load, world) = world
        .suffer(
            "MongoDB stepped down",
            async |world| world.mongod.step_down(away).await,
            async |_| {},
        )
        .await;

    load.check_views(&world.app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_are_answered_from_memory_while_redis_is_dead() {
    let Some(world) = World::of(Server::mongod()).await else { return };

    let (load, _) = world
        .suffer(
            "Redis killed",
            async |world| world.redis.kill(),
            async |world| {
                world.redis.resume();
            },
        )
        .await;

    assert_eq!(load.refused(Phase::During), 0, "comments are in MongoDB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_are_answered_from_memory_while_redis_is_frozen() {
    let Some(world) = World::of(Server::mongod()).await else { return };

    let (load, _) = world
        .suffer(
            "Redis frozen",
            async |world| world.redis.freeze(true),
            async |world| {
                world.redis.freeze(false);
            },
        )
        .await;

    assert_eq!(load.refused(Phase::During), 0, "comments are in MongoDB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_are_answered_from_memory_while_both_are_dead() {
    let Some(world) = World::of(Server::mongod()).await else { return };

    let (load, _) = world
        .suffer(
            "both killed",
            async |world| {
                world.mongod.kill();
                world.redis.kill();
            },
            async |world| {
                world.mongod.resume();
                world.redis.resume();
            },
        )
        .await;

    assert!(load.refused(Phase::During) > 0, "nobody else has comments");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_are_answered_from_memory_while_both_are_frozen() {
    let Some(world) = World::of(Server::mongod()).await else { return };

    let freeze = |world: &World, is_frozen| {
        world.mongod.freeze(is_frozen);
        world.redis.freeze(is_frozen);
    };
    let (load, _) = world
        .suffer(
            "both frozen",
            async |world| freeze(world, true),
            async |world| freeze(world, false),
        )
        .await;

    assert!(load.refused(Phase::During) > 0, "nobody else has comments");
}

/// Asks for the comments behind a place that nobody has asked for before: only the store has them.
async fn ask_anew(app: &TestApp, number: u32, patience: Duration) -> reqwest::Result<StatusCode> {
    let path = format!("/api/v1/posts/blog/p000/comments?after={number}~{:032x}", 0);
    let request = app.client.get(format!("{}{path}", app.url));
    Ok(request.timeout(patience).send().await?.status())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_who_gave_up_are_not_served_before_those_who_wait() {
    const READERS: u32 = 64;
    const QUESTIONS: u32 = 5;
    let Some(world) = World::of(Server::mongod()).await else { return };
    let world = Arc::new(world);

    world.mongod.freeze(true);
    let mut readers = JoinSet::new();
    for reader in 0..READERS {
        let world = world.clone();
        readers.spawn(async move {
            for question in 0..QUESTIONS {
                let number = reader * QUESTIONS + question;
                let answer = ask_anew(&world.app, number, Duration::from_secs(1)).await;
                assert_ne!(answer.ok(), Some(StatusCode::OK), "nobody can know");
            }
        });
    }
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
    world.mongod.freeze(false);
    let mended = Instant::now();
    let mut slowest = Duration::ZERO;
    for question in 0..10 {
        let asked = Instant::now();
        let number = READERS * QUESTIONS + question;
        let answer = ask_anew(&world.app, number, Duration::from_secs(30)).await;
        assert_eq!(answer.unwrap(), StatusCode::OK, "after {:?}", mended.elapsed());
        slowest = slowest.max(asked.elapsed());
    }

    println!("{} gave up; then the slowest of ten took {slowest:?}", READERS * QUESTIONS);
    assert!(slowest < Duration::from_secs(4), "{slowest:?}");
}
