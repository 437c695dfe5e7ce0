//! Which replica is next.

use super::*;

fn upstream(addresses: &[&str]) -> Upstream {
    let origins = addresses.iter().map(|text| text.parse().unwrap()).collect();
    Upstream::new("api", origins, ReplicaMetrics::default(), Arc::new(SystemNames))
}

#[test]
fn an_origin_reads_back_as_it_was_written() {
    for text in ["tasks.api:8081/9081", "10.0.0.1:1/2", "[::1]:80/81"] {
        assert_eq!(text.parse::<Origin>().unwrap().to_string(), text);
    }
    for text in ["api", "api:80", ":80/81", "api:80/x", "api:99999/1"] {
        assert!(text.parse::<Origin>().is_err(), "{text}");
    }
}

#[test]
fn replicas_are_taken_in_turn_and_not_twice() {
    let upstream = upstream(&["127.0.0.1:1/9", "127.0.0.1:2/9"]);

    let first = upstream.pick(&[], Wish::Answer).unwrap().addr;
    let second = upstream.pick(&[], Wish::Answer).unwrap().addr;

    assert_ne!(first, second);
    assert_eq!(upstream.pick(&[first], Wish::Answer).unwrap().addr, second);
    assert!(upstream.pick(&[first, second], Wish::Answer).is_none());
}

#[test]
fn a_second_try_takes_nobodys_turn() {
    let upstream = upstream(&["127.0.0.1:1/9", "127.0.0.1:2/9"]);

    let firsts: Vec<SocketAddr> = (0..4)
        .map(|_| {
            let first = upstream.pick(&[], Wish::Answer).unwrap().addr;
            assert_ne!(upstream.pick(&[first], Wish::Answer).unwrap().addr, first);
            first
        })
        .collect();

    assert_ne!(firsts[0], firsts[1]);
    assert_eq!(firsts[..2], firsts[2..]);
}

#[test]
fn an_ill_replica_is_left_alone_unless_all_are() {
    let upstream = upstream(&["127.0.0.1:1/9", "127.0.0.1:2/9"]);
    let ill = upstream.pick(&[], Wish::Answer).unwrap();
    for _ in 0..3 {
        ill.failed();
    }

    for _ in 0..4 {
        assert_ne!(upstream.pick(&[], Wish::Answer).unwrap().addr, ill.addr);
    }
    let other = upstream.pick(&[], Wish::Answer).unwrap();
    (0..3).for_each(|_| other.failed());
    assert!(upstream.pick(&[], Wish::Answer).is_some());
}

/// Ten picks, as ports.
fn picked(upstream: &Upstream) -> Vec<u16> {
    let mut ports: Vec<u16> =
        (0..10).map(|_| upstream.pick(&[], Wish::Answer).unwrap().addr.port()).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

#[test]
fn while_replicas_roll_readers_see_one_release_and_then_the_other() {
    let upstream = upstream(&["127.0.0.1:1/9", "127.0.0.1:2/9", "127.0.0.1:3/9"]);
    let replicas = upstream.replicas.read().clone();
    assert_eq!(picked(&upstream), [1, 2, 3], "nobody has said anything");

    replicas[0].note_release("old");
    replicas[1].note_release("old");
    assert_eq!(picked(&upstream), [1, 2], "the third has not said what it serves");
    replicas[2].note_release("new");
    assert_eq!(picked(&upstream), [1, 2]);
    replicas[0].note_release("new");
    assert_eq!(picked(&upstream), [2]);
    (0..3).for_each(|_| replicas[1].failed());
    assert_eq!(picked(&upstream), [1, 3], "the last of the old ones is ill");
    replicas[1].answered();

    assert_eq!(picked(&upstream), [1, 3], "nobody goes back");
    assert_eq!(upstream.releases().0.as_deref(), Some("new"));
}

#[test]
fn a_second_try_keeps_to_the_release_unless_it_looks_for_another() {
    let upstream = upstream(&["127.0.0.1:1/9", "127.0.0.1:2/9", "127.0.0.1:3/9"]);
    let replicas = upstream.replicas.read().clone();
    for (replica, release) in replicas.iter().zip(["old", "new", "old"]) {
        replica.note_release(release);
    }
    let tried = [replicas[0].addr];

    for _ in 0..4 {
        assert_eq!(upstream.pick(&tried, Wish::Answer).unwrap().addr.port(), 3);
        assert_eq!(upstream.pick(&tried, Wish::OtherRelease).unwrap().addr.port(), 2);
    }
    (0..3).for_each(|_| replicas[2].failed());
    assert_eq!(upstream.pick(&tried, Wish::Answer).unwrap().addr.port(), 2);
}

#[tokio::test]
async fn a_name_without_an_answer_leaves_the_last_good_set() {
    let mut upstream = upstream(&["127.0.0.1:1/9"]);
    upstream.origins = vec![Origin::new("no-such-name.invalid", 1, 9)];

    upstream.resolve().await;

    assert!(upstream.pick(&[], Wish::Answer).is_some());
}
