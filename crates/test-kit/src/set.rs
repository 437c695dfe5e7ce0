//! A `mongod` that is a replica set of its own, and can be told to step down.

use crate::Server;
use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::options::ClientOptions;
use std::time::{Duration, Instant};

/// How long a set may be without a primary; generous, since machines are shared.
const DEADLINE: Duration = Duration::from_mins(1);

impl Server {
    /// A `mongod` for a single test that is the only member of a replica set, and its primary; as
    /// [`mongod`](crate::mongod).
    ///
    /// # Panics
    ///
    /// As [`mongod`](crate::mongod).
    pub async fn mongod_in_a_set() -> Option<Self> {
        let server = Self::member("ink")?;
        let host = server.uri().trim_start_matches("mongodb://").to_owned();
        let members = vec![doc! { "_id": 0, "host": host }];
        let config = doc! { "_id": "ink", "members": members };
        let begun = server.command(doc! { "replSetInitiate": config }).await;
        begun.expect("a new member can begin a set");
        server.until_primary().await;
        Some(server)
    }

    /// Makes it a secondary, which nobody can make the primary again before `lasts` is over.
    ///
    /// # Panics
    ///
    /// If the server does not do it.
    pub async fn step_down(&self, lasts: Duration) {
        let seconds = i64::try_from(lasts.as_secs()).expect("a test is short");
        let done = self.command(doc! { "replSetStepDown": seconds, "force": true }).await;
        done.expect("a primary steps down when it must");
    }

    /// Waits until it takes writes.
    ///
    /// # Panics
    ///
    /// If it never does.
    pub async fn until_primary(&self) {
        let started = Instant::now();
        let is_primary = async || {
            let hello = self.command(doc! { "hello": 1 }).await;
            hello.is_ok_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or_default())
        };
        while !is_primary().await {
            assert!(started.elapsed() < DEADLINE, "the set has no primary");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks this very server, whatever it is in the set.
    async fn command(&self, command: Document) -> mongodb::error::Result<Document> {
        let mut options = ClientOptions::parse(self.uri()).await?;
        options.direct_connection = Some(true);
        Client::with_options(options)?.database("admin").run_command(command).await
    }
}
