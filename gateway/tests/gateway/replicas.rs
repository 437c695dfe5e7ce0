//! Replicas that refuse, reset, hang, are ill, or do not know a file.

use crate::support::{Behaviour, Replica, header, spawn_app};
use std::time::Duration;

#[tokio::test]
async fn requests_are_shared_by_the_replicas() {
    let one = Replica::start(Behaviour::Echo("one")).await;
    let other = Replica::start(Behaviour::Echo("other")).await;
    let app = spawn_app(&[], &[&one, &other]);

    for _ in 0..10 {
        assert_eq!(app.get("/", &[]).await.status(), 200);
    }

    assert_eq!((one.requests(), other.requests()), (5, 5));
}

#[tokio::test]
async fn a_refused_connection_goes_to_another_replica() {
    let (gone, here) = (Replica::refusing().await, Replica::start(Behaviour::Echo("here")).await);
    let app = spawn_app(&[&gone, &here], &[]);

    for _ in 0..4 {
        assert_eq!(app.get("/api/x", &[]).await.status(), 200);
        // Nothing was sent to the first, so even this may be tried again.
        assert_eq!(app.post("/api/x").await.status(), 200);
    }
    assert!(app.metrics().await.contains("upstream_retries_total"));
}

#[tokio::test]
async fn a_safe_request_without_an_answer_goes_to_another_replica_and_others_do_not() {
    let resets = Replica::start(Behaviour::Reset).await;
    let here = Replica::start(Behaviour::Echo("here")).await;
    let app = spawn_app(&[&resets, &here], &[]);

    for _ in 0..2 {
        assert_eq!(app.get("/api/x", &[]).await.status(), 200);
    }

    let alone = spawn_app(&[&Replica::start(Behaviour::Reset).await], &[]);
    assert_eq!(alone.get("/api/x", &[]).await.status(), 502);
    let both = [&Replica::start(Behaviour::Reset).await, &Replica::start(Behaviour::Reset).await];
    let app = spawn_app(&both, &[]);
    assert_eq!(app.post("/api/x").await.status(), 502);
    assert_eq!(both[0].requests() + both[1].requests(), 1, "a POST is sent once");
}

#[tokio::test]
async fn a_replica_that_hangs_is_a_504_if_there_is_no_other() {
    let hangs = Replica::start(Behaviour::Hang).await;
    let app = spawn_app(&[&hangs], &[]);

    let answer = app.get("/api/x", &[]).await;

    assert_eq!(answer.status(), 504);
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "upstream_timeout");
    let here = Replica::start(Behaviour::Echo("here")).await;
    let app = spawn_app(&[&hangs, &here], &[]);
    for _ in 0..2 {
        assert_eq!(app.get("/api/x", &[]).await.status(), 200);
    }
}

#[tokio::test]
async fn all_replicas_down_is_a_503() {
    let (one, other) = (Replica::refusing().await, Replica::refusing().await);
    let app = spawn_app(&[&one, &other], &[]);

    let answer = app.get("/api/x", &[]).await;

    assert_eq!(answer.status(), 503);
    assert_eq!(header(&answer, "retry-after"), "2");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_sent_twice() {
    let (half, other) =
        (Replica::start(Behaviour::Half).await, Replica::start(Behaviour::Half).await);
    let app = spawn_app(&[&half, &other], &[]);

    let answer = app.get("/api/x", &[]).await;

    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err(), "the client is told that a part is missing");
    assert_eq!(half.requests() + other.requests(), 1);
}

#[tokio::test]
async fn a_replica_that_is_not_well_is_left_alone_until_it_is_the_last() {
    let ill = Replica::ill(Behaviour::Echo("ill")).await;
    let well = Replica::start(Behaviour::Echo("well")).await;
    let app = spawn_app(&[], &[&ill, &well]);
    app.until_metric("upstream_replicas{upstream=\"blog-static\",state=\"healthy\"} 1\n").await;
    let before = ill.requests();

    for _ in 0..6 {
        assert!(app.get("/", &[]).await.text().await.unwrap().starts_with("well"));
    }

    assert_eq!(ill.requests(), before);
    let last = spawn_app(&[], &[&ill]);
    last.until_metric("upstream_replicas{upstream=\"blog-static\",state=\"healthy\"} 0\n").await;
    assert_eq!(last.get("/", &[]).await.status(), 200);
    let ready = service_kit::healthcheck(last.admin, "/readyz").await;
    assert!(ready.is_err(), "nobody should be sent here while another gateway has a replica");
}

#[tokio::test]
async fn a_file_that_one_replica_does_not_know_is_asked_of_another() {
    let old = Replica::start(Behaviour::Status(404, "unknown")).await;
    let new = Replica::start(Behaviour::Echo("new")).await;
    let app = spawn_app(&[], &[&old, &new]);

    for path in ["/assets/style.1.css", "/media/1.png", "/assets/a.js", "/media/2.png"] {
        assert_eq!(app.get(path, &[]).await.status(), 200, "{path}");
    }
    let pages =
        [app.get("/a", &[]).await.status().as_u16(), app.get("/a", &[]).await.status().as_u16()];
    assert!(pages.contains(&404), "a page is what its replica says: {pages:?}");

    let both = [&old, &Replica::start(Behaviour::Status(404, "unknown")).await];
    let app = spawn_app(&[], &both);
    let lost = app.get("/assets/gone.css", &[]).await;
    assert_eq!(lost.status(), 404);
    assert_eq!(lost.text().await.unwrap(), "unknown", "the replica's own answer is passed on");
}

#[tokio::test]
async fn a_slow_answer_within_the_deadline_is_passed_on() {
    let slow = Replica::start(Behaviour::Slow(Duration::from_millis(200))).await;
    let app = spawn_app(&[&slow], &[]);

    assert_eq!(app.get("/api/x", &[]).await.text().await.unwrap(), "slow");
}
