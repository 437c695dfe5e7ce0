//! What every store of comments promises.

use domain::{
    Author, Comment, CommentId, CommentLoad, CommentPlace, CommentQuery, CommentState,
    CommentStore, CommentText, PostPath, Sender,
};
use jiff::{Timestamp, ToSpan};
use std::sync::Arc;
use store::{MongoPosts, MongoSettings, SqlitePosts};

/// An empty store of each kind that this machine has.
async fn stores() -> Vec<(&'static str, Arc<dyn CommentStore>, tempfile::TempDir)> {
    let folder = || tempfile::tempdir().unwrap();
    let file = folder();
    let sqlite = SqlitePosts::open(&file.path().join("blog.sqlite")).unwrap();
    let mut stores: Vec<(_, Arc<dyn CommentStore>, _)> = vec![("SQLite", Arc::new(sqlite), file)];
    if let Some(server) = test_kit::mongod() {
        let settings = MongoSettings { uri: server.uri().into(), database: server.database() };
        let mongo = MongoPosts::connect(&settings).await.unwrap();
        stores.push(("MongoDB", Arc::new(mongo), folder()));
    }
    for (_, store, _) in &stores {
        store.prepare().await.unwrap();
    }
    stores
}

fn start() -> Timestamp {
    "2026-01-31T00:00:00.125Z".parse().unwrap()
}

fn path(name: &str) -> PostPath {
    PostPath::parse(&format!("blog/{name}.md")).unwrap()
}

/// Comment `number`, sent at second `number` by `sender`, held.
fn comment(number: u8, name: &str, sender: u8) -> Comment {
    Comment {
        id: CommentId::new([number; 16]),
        path: path(name),
        author: Author::parse("墨").unwrap(),
        text: CommentText::parse(&format!("第 {number}\n\n\"it's\"; DROP TABLE comments")).unwrap(),
        at: start() + i64::from(number).seconds(),
        state: CommentState::Held,
        sender: Sender::new([sender; 16]),
    }
}

fn all() -> CommentQuery {
    CommentQuery { limit: 100, ..CommentQuery::default() }
}

async fn numbers(store: &dyn CommentStore, query: &CommentQuery) -> Vec<i64> {
    let found = store.list(query).await.unwrap();
    found.iter().map(|found| found.at.as_second() - start().as_second()).collect()
}

#[tokio::test]
async fn a_comment_is_kept_as_it_is_and_once() {
    for (kind, store, _folder) in stores().await {
        let one = comment(1, "墨", 1);
        assert!(store.add(&one).await.unwrap(), "{kind}");
        let again = Comment { path: path("other"), ..one.clone() };
        assert!(!store.add(&again).await.unwrap(), "{kind}");

        assert_eq!(store.list(&all()).await.unwrap(), std::slice::from_ref(&one), "{kind}");
        assert_eq!(store.find(one.id).await.unwrap(), Some(one), "{kind}");
        assert_eq!(store.find(CommentId::new([2; 16])).await.unwrap(), None, "{kind}");
        assert!(store.list(&CommentQuery::default()).await.unwrap().is_empty(), "{kind}");
    }
}

#[tokio::test]
async fn lists_are_filtered_ordered_and_paged() {
    for (kind, store, _folder) in stores().await {
        for (number, name) in [(3, "a"), (1, "a"), (4, "b"), (2, "a")] {
            store.add(&comment(number, name, 1)).await.unwrap();
        }
        // Two at one instant.
        let twin = Comment { id: CommentId::new([9; 16]), ..comment(2, "a", 1) };
        store.add(&twin).await.unwrap();
        assert!(store.approve(CommentId::new([2; 16])).await.unwrap());
        assert!(!store.approve(CommentId::new([7; 16])).await.unwrap());

        let of_a = CommentQuery { path: Some(path("a")), ..all() };
        assert_eq!(numbers(&*store, &of_a).await, [1, 2, 2, 3], "{kind}");
        let approved = CommentQuery { state: Some(CommentState::Approved), ..of_a.clone() };
        assert_eq!(numbers(&*store, &approved).await, [2], "{kind}");
        let held = CommentQuery { state: Some(CommentState::Held), ..all() };
        assert_eq!(numbers(&*store, &held).await, [1, 2, 3, 4], "{kind}");
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = CommentQuery { after, limit: 2, ..all() };
            let found = store.list(&page).await.unwrap();
            let Some(last) = found.last() else { break };
            after = Some(CommentPlace::from(last));
            seen.extend(found.iter().map(|found| found.id));
        }
        let expected = [1, 2, 9, 3, 4].map(|number| CommentId::new([number; 16]));
        assert_eq!(seen, expected, "{kind}");
    }
}

#[tokio::test]
async fn whoever_is_banned_is_known_and_what_is_held_of_theirs_is_gone() {
    for (kind, store, _folder) in stores().await {
        for (number, sender) in [(1, 1), (2, 1), (3, 2), (4, 1)] {
            store.add(&comment(number, "a", sender)).await.unwrap();
        }
        store.approve(CommentId::new([1; 16])).await.unwrap();
        let (bad, good) = (Sender::new([1; 16]), Sender::new([2; 16]));
        let since = start() + 2.seconds();
        let expected = CommentLoad { is_banned: false, of_sender: 2, recent: 3, held: 3 };
        assert_eq!(store.load(bad, since).await.unwrap(), expected, "{kind}");

        let banned = store.ban(CommentId::new([2; 16]), start()).await.unwrap();

        assert_eq!(banned, Some(bad), "{kind}");
        assert_eq!(store.ban(CommentId::new([7; 16]), start()).await.unwrap(), None, "{kind}");
        assert_eq!(numbers(&*store, &all()).await, [1, 3], "what was approved stays ({kind})");
        assert!(store.load(bad, since).await.unwrap().is_banned, "{kind}");
        assert!(!store.load(good, since).await.unwrap().is_banned, "{kind}");
        assert_eq!(store.banned().await.unwrap(), [(bad, start())], "{kind}");
        assert!(store.pardon(bad).await.unwrap() && !store.pardon(bad).await.unwrap(), "{kind}");
        assert!(!store.load(bad, since).await.unwrap().is_banned, "{kind}");
    }
}

#[tokio::test]
async fn what_is_deleted_or_purged_is_gone() {
    for (kind, store, _folder) in stores().await {
        for (number, name) in [(1, "a"), (2, "a"), (3, "b"), (4, "b")] {
            store.add(&comment(number, name, 1)).await.unwrap();
        }

        assert!(store.delete(CommentId::new([1; 16])).await.unwrap(), "{kind}");
        assert!(!store.delete(CommentId::new([1; 16])).await.unwrap(), "{kind}");
        assert_eq!(store.purge(&path("b")).await.unwrap(), 2, "{kind}");
        assert_eq!(numbers(&*store, &all()).await, [2], "{kind}");
    }
}
