//! A backup brings back everything, and a broken one changes nothing.

use crate::support::Store;
use futures_util::TryStreamExt;
use mongodb::bson::{
    Binary, DateTime, Decimal128, Document, RawDocumentBuf, doc, oid::ObjectId, spec::BinarySubtype,
};
use mongodb::{Client, Collection, Database};
use std::collections::BTreeMap;
use store::{BackupError, MongoSettings, StoreSettings, verify_backup};
use test_kit::{Server, brevs, posts};
use tokio::sync::OnceCell;

/// Everything in a database, to the byte.
type Content = BTreeMap<String, Vec<Vec<u8>>>;

struct Mongo {
    settings: StoreSettings,
    database: Database,
}

impl Mongo {
    async fn new(uri: &str, name: &str) -> Self {
        let settings = MongoSettings { uri: uri.into(), database: name.into() };
        let database = Client::with_uri_str(uri).await.unwrap().database(name);
        Self { settings: StoreSettings::Mongo(settings), database }
    }

    fn documents(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }

    async fn content(&self) -> Content {
        let mut content = Content::new();
        for name in self.database.list_collection_names().await.unwrap() {
            let collection = self.database.collection::<RawDocumentBuf>(&name);
            let found = collection.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
            let found: Vec<RawDocumentBuf> = found.try_collect().await.unwrap();
            content.insert(name, found.into_iter().map(RawDocumentBuf::into_bytes).collect());
        }
        content
    }

    /// A collection that this program does not know.
    async fn insert_foreign(&self) {
        let odd = doc! {
            "z": 1i64, "a": [ { "c": 0.1, "b": f64::NAN } ], "id": ObjectId::new(),
            "price": "12.30".parse::<Decimal128>().unwrap(), "at": DateTime::from_millis(-1),
            "bytes": Binary { subtype: BinarySubtype::Uuid, bytes: vec![7; 16] },
            "payload": f64::from_bits(0xfff8_0000_0000_0001),
        };
        let many = (0..3000i32).map(|number| doc! { "_id": number, "views": i64::from(number) });
        self.documents("odd").insert_one(odd).await.unwrap();
        self.documents("counters").insert_many(many).await.unwrap();
    }
}

async fn backup(settings: &StoreSettings) -> Vec<u8> {
    let mut out = Vec::new();
    settings.backup(&mut out, jiff::Timestamp::now()).await.unwrap();
    out
}

/// A blog of two releases in a database of its own, as a user with the least rights. One server is
/// enough for all tests.
async fn blog() -> Option<Mongo> {
    static SERVER: OnceCell<Option<Server>> = OnceCell::const_new();
    let server = SERVER.get_or_init(Server::mongod_with_users).await.as_ref()?;
    let name = server.database();
    server.add_user(&name, "s3cret", "readWrite", &name).await;
    let mongo = Mongo::new(&server.uri_of(&name, "s3cret"), &name).await;
    let store = Store {
        name: "MongoDB",
        reader: mongo.settings.reader().await.unwrap(),
        writer: mongo.settings.writer().await.unwrap(),
        _folder: None,
    };
    store.writer.prepare().await.unwrap();
    store.register(1, &posts(20, 1)).await;
    store.register(2, &posts(21, 2)).await;
    mongo.insert_foreign().await;
    Some(mongo)
}

#[tokio::test]
async fn mongodb_comes_back_to_the_byte_with_its_indexes() {
    let Some(mongo) = blog().await else { return };
    let before = mongo.content().await;
    let posts = mongo.database.collection::<RawDocumentBuf>("posts");
    let indexes = posts.list_index_names().await.unwrap();
    assert!(indexes.len() > 1, "more than the one that every collection has");
    let saved = backup(&mongo.settings).await;
    for name in before.keys() {
        mongo.database.collection::<RawDocumentBuf>(name).drop().await.unwrap();
    }

    let restored = mongo.settings.restore(&saved[..], false).await.unwrap();

    assert!(mongo.content().await == before);
    assert_eq!(restored, verify_backup(&saved[..]).await.unwrap());
    let documents: usize = before.values().map(Vec::len).sum();
    assert_eq!(restored.documents(), documents as u64);
    assert_eq!(posts.list_index_names().await.unwrap(), indexes);
}

#[tokio::test]
async fn a_broken_backup_changes_nothing_and_leaves_nothing() {
    let Some(mongo) = blog().await else { return };
    let saved = backup(&mongo.settings).await;
    mongo.documents("counters").delete_one(doc! { "_id": 1 }).await.unwrap();
    let before = mongo.content().await;
    let mut altered = saved.clone();
    let at = altered.len() / 2;
    altered[at] ^= 1;

    let cut = mongo.settings.restore(&saved[..saved.len() - 10], true).await.unwrap_err();
    let changed = mongo.settings.restore(&altered[..], true).await.unwrap_err();

    assert!(matches!(cut, BackupError::Truncated(_)), "{cut}");
    assert!(matches!(changed, BackupError::Altered { .. }), "{changed}");
    assert!(mongo.content().await == before);
}

#[tokio::test]
async fn a_database_in_use_is_replaced_only_if_that_is_meant() {
    let Some(mongo) = blog().await else { return };
    let before = mongo.content().await;
    let saved = backup(&mongo.settings).await;
    let newer = mongo.documents("newer");
    newer.insert_one(doc! { "_id": 1 }).await.unwrap();
    mongo.documents("counters").delete_many(doc! {}).await.unwrap();
    mongo.documents("restoring.posts").insert_one(doc! { "_id": 1 }).await.unwrap();

    let refused = mongo.settings.restore(&saved[..], false).await.unwrap_err();
    let still_newer = newer.count_documents(doc! {}).await.unwrap();
    mongo.settings.restore(&saved[..], true).await.unwrap();

    assert!(matches!(refused, BackupError::NotEmpty(_)), "{refused}");
    assert!(refused.to_string().contains("--replace"), "{refused}");
    assert_eq!(still_newer, 1);
    assert!(mongo.content().await == before);
}

#[tokio::test]
async fn sqlite_comes_back_with_all_its_tables() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let old = StoreSettings::Sqlite(at("old.sqlite"));
    let new = StoreSettings::Sqlite(at("new.sqlite"));
    let store = async |settings: &StoreSettings| Store {
        name: "SQLite",
        reader: settings.reader().await.unwrap(),
        writer: settings.writer().await.unwrap(),
        _folder: None,
    };
    store(&old).await.register(1, &posts(300, 1)).await;
    let sql = "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('墨')";
    rusqlite::Connection::open(at("old.sqlite")).unwrap().execute_batch(sql).unwrap();
    let saved = backup(&old).await;
    // Somebody reads the new one while it is filled.
    let reading = store(&new).await;
    assert!(reading.listed().await.is_empty());

    let cut = new.restore(&saved[..saved.len() - 10], false).await.unwrap_err();
    assert!(matches!(cut, BackupError::Truncated(_)), "{cut}");
    assert!(reading.listed().await.is_empty());
    new.restore(&saved[..], false).await.unwrap();

    assert_eq!(reading.listed().await, brevs(&posts(300, 1)));
    let note = rusqlite::Connection::open(at("new.sqlite")).unwrap();
    let note: String = note.query_row("SELECT text FROM notes", [], |row| row.get(0)).unwrap();
    assert_eq!(note, "墨");
    let refused = new.restore(&saved[..], false).await.unwrap_err();
    assert!(matches!(refused, BackupError::NotEmpty(_)), "{refused}");
    new.restore(&saved[..], true).await.unwrap();
    store(&new).await.register(2, &posts(2, 1)).await;
    let files = std::fs::read_dir(folder.path()).unwrap();
    let left = files.filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with("ing") || name.to_string_lossy().ends_with("backup")
    });
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn a_backup_goes_back_into_the_kind_of_store_that_it_is_from() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = StoreSettings::Sqlite(folder.path().join("blog.sqlite"));
    let nothing = sqlite.backup(&mut Vec::new(), jiff::Timestamp::now()).await.unwrap_err();
    assert!(nothing.to_string().contains("SQLITE_PATH"), "{nothing}");
    sqlite.writer().await.unwrap();
    let saved = backup(&sqlite).await;
    let nobody = MongoSettings::default();

    let refused = StoreSettings::Mongo(nobody).restore(&saved[..], false).await.unwrap_err();

    assert!(matches!(refused, BackupError::Foreign(_)), "{refused}");
    assert!(refused.to_string().contains("SQLITE_PATH"), "{refused}");
}
