//! A store that is there and does not do what it is asked says what to mend, and no secret.

use domain::{PostReader, PostWriter, StoreError};
use store::{MongoPosts, MongoSettings, SqlitePosts};
use test_kit::Server;

const OUT_OF_DISK_SPACE: i32 = 14_031;

async fn mongo(uri: String) -> MongoPosts {
    MongoPosts::connect(&MongoSettings { uri: uri.into(), database: "blog".into() }).await.unwrap()
}

/// The whole of what a log would say.
fn chain(error: &StoreError) -> String {
    let source = std::error::Error::source(error);
    let causes = std::iter::successors(source, |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[tokio::test]
async fn mongodb_that_lets_nobody_in_is_told_apart_from_one_that_is_gone() {
    let Some(mut server) = Server::mongod_with_users().await else { return };
    server.add_user("loader", "s3cret", "readWrite", "blog").await;
    server.add_user("api", "s3cret", "read", "blog").await;
    server.add_user("stranger", "s3cret", "readWrite", "other").await;

    mongo(server.uri_of("loader", "s3cret")).await.prepare().await.unwrap();
    mongo(server.uri_of("api", "s3cret")).await.versions(domain::ReleaseSeq(1)).await.unwrap();
    let wrong = mongo(server.uri_of("loader", "guessed")).await.prepare().await.unwrap_err();
    let unknown = mongo(server.uri_of("nobody", "s3cret")).await.prepare().await.unwrap_err();
    let nameless = mongo(server.uri()).await.prepare().await.unwrap_err();
    let reader = mongo(server.uri_of("api", "s3cret")).await.prepare().await.unwrap_err();
    let stranger = mongo(server.uri_of("stranger", "s3cret")).await;
    let stranger = PostReader::current(&stranger).await.unwrap_err();
    server.kill();
    let gone = mongo(server.uri_of("loader", "s3cret")).await.prepare().await.unwrap_err();

    for (what, error, remedy) in [
        ("wrong", &wrong, "refuses the user or password in MONGODB_URI"),
        ("unknown", &unknown, "refuses the user or password in MONGODB_URI"),
        ("nameless", &nameless, "wants a user and a password: write them into MONGODB_URI"),
        ("reader", &reader, "the user in MONGODB_URI may not do this in MONGODB_DATABASE"),
        ("stranger", &stranger, "the user in MONGODB_URI may not do this in MONGODB_DATABASE"),
    ] {
        assert!(matches!(error, StoreError::Refused { .. }), "{what}: {error:?}");
        assert!(error.to_string().contains(remedy), "{what}: {error}");
    }
    assert!(matches!(gone, StoreError::Unavailable(_)), "{gone:?}");
    assert!(chain(&gone).contains("no MongoDB answers at the address in MONGODB_URI"), "{gone:?}");
    for error in [&wrong, &unknown, &gone] {
        let said = chain(error);
        assert!(!said.contains("guessed") && !said.contains("s3cret"), "{said}");
    }
}

#[tokio::test]
async fn a_full_disk_is_called_that() {
    let Some(server) = Server::mongod_with_users().await else { return };
    server.add_user("loader", "s3cret", "readWrite", "blog").await;
    let mongo = mongo(server.uri_of("loader", "s3cret")).await;
    mongo.prepare().await.unwrap();
    let lease = mongo.lease("loader", std::time::Duration::from_mins(1)).await.unwrap().unwrap();
    let seq = mongo.begin(&lease, &test_kit::release_id(1), 2).await.unwrap();

    server.fail_with("insert", OUT_OF_DISK_SPACE).await;
    let full = mongo.insert(&lease, seq, &test_kit::posts(2, 1)).await.unwrap_err();

    assert!(matches!(full, StoreError::Full { .. }), "{full:?}");
    assert!(full.to_string().contains("free space on the disk"), "{full}");
}

#[tokio::test]
async fn a_uri_that_is_none_is_refused_without_being_shown() {
    let settings = MongoSettings { uri: "mongodb://me:p@ss@host".into(), database: "blog".into() };

    let error = MongoPosts::connect(&settings).await.unwrap_err();

    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("MONGODB_URI cannot be used"), "{error}");
    assert!(!chain(&error).contains("p@ss"), "{}", chain(&error));
}

#[test]
fn a_file_that_is_no_database_names_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("blog.sqlite");
    std::fs::write(&file, "no database at all, but long enough to be looked at").unwrap();

    let garbage = SqlitePosts::open(&file).unwrap_err();
    let nowhere = SqlitePosts::open(&folder.path().join("none/blog.sqlite")).unwrap_err();

    for error in [garbage, nowhere] {
        assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("SQLITE_PATH"), "{error}");
    }
}
