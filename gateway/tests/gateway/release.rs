//! While replicas roll, readers see one release and then the other.

use crate::support::{Behaviour, Replica, TestApp, spawn_app};
use std::time::Duration;

/// What ten readers see, one after another.
async fn seen(app: &TestApp, path: &str) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..10 {
        seen.push(app.get(path, &[]).await.text().await.unwrap());
    }
    seen.dedup();
    seen
}

#[tokio::test]
async fn readers_stay_on_a_release_until_its_last_replica_is_gone() {
    for path in ["/", "/api/v1/posts"] {
        let (old, other, new) =
            (Replica::of("old").await, Replica::of("old").await, Replica::of("new").await);
        let replicas = [&old, &other, &new];
        let app = spawn_app(&replicas, &replicas);
        app.until_metric("upstream_replicas{upstream=\"api\",state=\"healthy\"} 3\n").await;
        app.until_metric("upstream_replicas{upstream=\"blog-static\",state=\"healthy\"} 3\n").await;

        assert_eq!(seen(&app, path).await, ["old"]);
        old.now_serves("new").await;
        assert_eq!(seen(&app, path).await, ["old"]);
        assert!(other.requests() > 0, "the last old replica answers");
        other.now_serves("new").await;
        assert_eq!(seen(&app, path).await, ["new"]);
    }
}

#[tokio::test]
async fn a_file_of_another_release_is_looked_for_where_that_release_is() {
    let unknown = Behaviour::Status(404, "unknown");
    let old = Replica::with_release("old", unknown.clone()).await;
    let same = Replica::with_release("old", unknown).await;
    let new = Replica::with_release("new", Behaviour::Echo("new")).await;
    let app = spawn_app(&[], &[&old, &same, &new]);
    app.until_metric("upstream_replicas{upstream=\"blog-static\",state=\"healthy\"} 3\n").await;

    for _ in 0..6 {
        assert_eq!(app.get("/assets/new.css", &[]).await.status(), 200);
        assert_eq!(app.get("/page", &[]).await.status(), 404, "the old release has no such page");
    }

    tokio::time::timeout(Duration::from_secs(1), app.get("/media/new.png", &[])).await.unwrap();
    assert_eq!(new.requests(), 7, "it is asked for files alone");
}
