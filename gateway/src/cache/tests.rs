//! The store's promises.

use super::*;
use pingora::http::{RequestHeader, ResponseHeader};

fn answers(capacity: u64) -> Answers {
    Answers::new(capacity, &Metrics::new("0"))
}

fn key(target: &str) -> Key {
    Key::new(crate::Route::Page, None, "x", target, Codings::read("br"))
}

fn entry(control: &str, body: &[u8], now: Instant) -> Entry {
    let request = RequestHeader::build("GET", b"/", None).unwrap();
    let mut header = ResponseHeader::build(200, None).unwrap();
    header.insert_header("cache-control", control).unwrap();
    header.insert_header("content-length", body.len()).unwrap();
    let mut filling = Filling::begin(&request, &header).unwrap();
    filling.push(body);
    filling.finish(now).unwrap()
}

#[test]
fn an_answer_is_fresh_then_stale_then_a_last_resort_then_gone() {
    let (answers, now) = (answers(1 << 20), Instant::now());
    let control = "max-age=10, stale-while-revalidate=10, stale-if-error=100";
    answers.keep(&key("/a"), entry(control, b"a", now));
    let found = |seconds| answers.find(&key("/a"), now + Duration::from_secs(seconds));

    assert!(matches!(found(9), Found::Fresh(_)));
    assert!(matches!(found(10), Found::Stale(_)));
    assert!(matches!(found(20), Found::Old(_)));
    assert!(matches!(found(109), Found::Old(_)));
    assert!(matches!(found(110), Found::Nothing));
}

#[test]
fn memory_is_bounded_and_a_robot_does_not_wash_it_out() {
    let (answers, now) = (answers(1 << 20), Instant::now());
    let body = vec![b'x'; 4000];
    let popular: Vec<Key> = (0..50).map(|at| key(&format!("/popular/{at}"))).collect();
    for _ in 0..5 {
        for key in &popular {
            if matches!(answers.find(key, now), Found::Nothing) {
                answers.keep(key, entry("max-age=60", &body, now));
            }
        }
    }

    for at in 0..5000 {
        answers.keep(&key(&format!("/once/{at}")), entry("max-age=60", &body, now));
        answers.find(&popular[at % 50], now);
    }

    assert!(answers.kept.weight() <= 1 << 20, "{}", answers.kept.weight());
    let left = popular.iter().filter(|key| matches!(answers.find(key, now), Found::Fresh(_)));
    assert!(left.count() >= 45);
}

#[test]
fn that_an_answer_may_not_be_kept_is_known_for_a_while_and_takes_no_answer_away() {
    let (answers, now) = (answers(1 << 20), Instant::now());

    answers.pass(&key("/a"), now, true);
    assert!(matches!(answers.find(&key("/a"), now), Found::Pass { is_short: true }));
    assert!(matches!(answers.find(&key("/a"), now + PASS), Found::Nothing));
    answers.keep(&key("/b"), entry("max-age=60", b"b", now));
    answers.pass(&key("/b"), now, true);
    assert!(matches!(answers.find(&key("/b"), now), Found::Fresh(_)));
}

#[test]
fn with_no_room_nothing_is_kept() {
    let (answers, now) = (answers(0), Instant::now());

    answers.keep(&key("/a"), entry("max-age=60", b"", now));
    answers.pass(&key("/b"), now, true);

    assert!(matches!(answers.find(&key("/a"), now), Found::Nothing));
    assert_eq!(answers.kept.weight(), 0);
}

#[tokio::test]
async fn one_flies_and_the_others_land_with_it() {
    let answers = answers(1 << 20);
    let Turn::Ours(flight) = answers.turn(&key("/a")) else { panic!("nobody else asks") };
    let Turn::Theirs(mut landed) = answers.turn(&key("/a")) else { panic!("somebody asks") };
    assert!(matches!(answers.turn(&key("/b")), Turn::Ours(_)));

    drop(flight);

    assert!(landed.changed().await.is_err());
    assert!(matches!(answers.turn(&key("/a")), Turn::Ours(_)));
}
