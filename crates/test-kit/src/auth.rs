//! A `mongod` with users, which can be told to fail.

use crate::Server;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};

/// Who may do everything.
const ROOT: &str = "root";
const ROOT_PASSWORD: &str = "only-for-tests";

impl Server {
    /// A `mongod` for a single test that wants a user and a password; as [`mongod`](crate::mongod).
    /// Its root user is made as on a new machine: the first one needs no password, from this
    /// machine.
    ///
    /// # Panics
    ///
    /// As [`mongod`](crate::mongod).
    pub async fn mongod_with_users() -> Option<Self> {
        let server = Self::secured()?;
        let make = doc! { "createUser": ROOT, "pwd": ROOT_PASSWORD, "roles": ["root"] };
        run(&admin(&server.uri()).await, make).await;
        Some(server)
    }

    /// Makes a user of `admin` that has `role` in `database`.
    ///
    /// # Panics
    ///
    /// If the server does not do it.
    pub async fn add_user(&self, user: &str, password: &str, role: &str, database: &str) {
        let roles = vec![doc! { "role": role, "db": database }];
        self.as_root(doc! { "createUser": user, "pwd": password, "roles": roles }).await;
    }

    /// Lets `command` fail with `MongoDB`'s error `code` from now on.
    ///
    /// # Panics
    ///
    /// If the server does not do it.
    pub async fn fail_with(&self, command: &str, code: i32) {
        let data = doc! { "failCommands": [command], "errorCode": code };
        let fail = doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": data };
        self.as_root(fail).await;
    }

    async fn as_root(&self, command: Document) {
        run(&admin(&self.uri_of(ROOT, ROOT_PASSWORD)).await, command).await;
    }
}

async fn admin(uri: &str) -> Database {
    let client = Client::with_uri_str(uri).await.expect("the URI is one of MongoDB");
    client.database("admin")
}

async fn run(admin: &Database, command: Document) {
    let done = admin.run_command(command).await;
    let _: Document = done.expect("the root user may do everything");
}
