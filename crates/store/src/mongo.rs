//! Posts in a `MongoDB` database. Driver types stop at this module.

mod comment;
mod counter;
mod document;
mod error;
mod index;
mod question;
mod reader;
mod writer;

use crate::mongo::comment::{BanDocument, CommentDocument};
use crate::mongo::counter::CountDocument;
use crate::mongo::document::{PointerDocument, PostDocument, ReleaseDocument};
use crate::mongo::error::store_error;
use crate::mongo::question::{MAX_QUESTIONS, Questions};
use domain::StoreError;
use mongodb::bson::{Document, doc};
use mongodb::error::Error;
use mongodb::options::{Acknowledgment, ClientOptions, WriteConcern};
use mongodb::{Client, Collection, Database};
use secrecy::{ExposeSecret, SecretString};
use service_kit::{SettingError, Vars};
use std::time::Duration;

/// No question takes longer; a server that does is as good as gone.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long the driver looks for a server before it says that there is none.
const SELECTION_DEADLINE: Duration = Duration::from_secs(2);
/// Below the 900 s after which IPVS forgets a connection without telling anybody.
const MAX_IDLE: Duration = Duration::from_mins(5);

/// Which database.
#[derive(Debug, Clone)]
pub struct MongoSettings {
    /// `MONGODB_URI`: where the server is, with user and password if it wants them.
    pub uri: SecretString,
    /// `MONGODB_DATABASE`: the database of the blog.
    pub database: String,
}

/// A server on this machine without a password.
impl Default for MongoSettings {
    fn default() -> Self {
        Self { uri: "mongodb://127.0.0.1:27017".into(), database: "blog".into() }
    }
}

impl MongoSettings {
    /// Reads the settings; each has a default.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn from_vars(vars: &impl Vars) -> Result<Self, SettingError> {
        let default = Self::default();
        Ok(Self {
            uri: vars.secret("MONGODB_URI")?.unwrap_or(default.uri),
            database: vars.get("MONGODB_DATABASE")?.unwrap_or(default.database),
        })
    }
}

/// Posts in one database: collections `posts`, `releases`, `current`, `counters`, `comments` and
/// `bans`. Clones are the same store.
#[derive(Debug, Clone)]
pub struct MongoPosts {
    posts: Collection<PostDocument>,
    releases: Collection<ReleaseDocument>,
    current: Collection<PointerDocument>,
    counters: Collection<CountDocument>,
    comments: Collection<CommentDocument>,
    bans: Collection<BanDocument>,
    database: Database,
    questions: Questions,
}

impl MongoPosts {
    /// Prepares to use `MongoDB`. The driver connects when first asked, so this succeeds while the
    /// server is down.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] if the URI is malformed, [`StoreError::Unavailable`] if its SRV
    /// record does not resolve.
    pub async fn connect(settings: &MongoSettings) -> Result<Self, StoreError> {
        let database = client(settings).await?.database(&settings.database);
        Ok(Self {
            posts: database.collection("posts"),
            releases: database.collection("releases"),
            current: database.collection("current"),
            counters: database.collection("counters"),
            comments: database.collection("comments"),
            bans: database.collection("bans"),
            database,
            questions: Questions::default(),
        })
    }

    /// Asks `question` of a clone of this store. Whoever waits may give up: [`Questions::ask`].
    async fn ask<T, F>(&self, question: impl FnOnce(Self) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.questions.ask(Box::pin(question(self.clone()))).await
    }
}

/// A client of the server in `settings`, which is not asked yet.
pub(crate) async fn client(settings: &MongoSettings) -> Result<Client, StoreError> {
    let parsed = ClientOptions::parse(settings.uri.expose_secret());
    let mut options = within(async { parsed.await }).await?;
    options.app_name = Some("inkstack".into());
    options.connect_timeout = Some(SELECTION_DEADLINE);
    options.server_selection_timeout = Some(SELECTION_DEADLINE);
    options.max_idle_time = Some(MAX_IDLE);
    options.max_pool_size.get_or_insert(MAX_QUESTIONS);
    // A server without replicas says yes before its journal is on disk: what readers have been
    // shown could be gone after a power cut.
    let durable = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build();
    options.write_concern = Some(durable);
    Client::with_options(options).map_err(store_error)
}

/// The versions that release `seq` shows.
fn visible(seq: i64) -> Document {
    doc! { "since": { "$lte": seq }, "$or": [{ "until": null }, { "until": { "$gt": seq } }] }
}

/// Awaits an answer of the driver, but not for ever.
pub(crate) async fn within<T>(
    answer: impl IntoFuture<Output = Result<T, Error>>,
) -> Result<T, StoreError> {
    within_deadline(DEADLINE, answer).await
}

/// As [`within`], with another deadline.
pub(crate) async fn within_deadline<T>(
    deadline: Duration,
    answer: impl IntoFuture<Output = Result<T, Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(deadline, answer.into_future()).await {
        Ok(answer) => answer.map_err(store_error),
        Err(_) => Err(error::slow(deadline)),
    }
}

fn corrupt(what: &str, source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Corrupt { what: what.to_owned(), source: Box::new(source) }
}
