//! What a run does.

use crate::support::{Served, Source, Target, all, stdout};
use std::process::Stdio;
use test_kit::{brevs, post, posts};

#[tokio::test]
async fn a_release_is_registered_once_and_then_there_is_nothing_to_do() {
    for target in Target::each() {
        let source = Source::start(Served::new(1, &posts(450, 1)));

        let first = target.run(source.addr, &[]);
        let again = target.run(source.addr, &[]);

        assert!(first.status.success(), "{}", all(&first));
        assert!(stdout(&first).contains("450 added, 0 changed, 0 removed"), "{}", all(&first));
        assert_eq!(target.listed().await, brevs(&posts(450, 1)));
        assert!(again.status.success(), "{}", all(&again));
        assert!(stdout(&again).starts_with("nothing to do"), "{}", all(&again));
    }
}

#[tokio::test]
async fn only_what_differs_is_written() {
    for target in Target::each() {
        let source = Source::start(Served::new(1, &posts(5, 1)));
        target.run(source.addr, &[]);
        let mut next = posts(4, 1);
        next[0] = posts(4, 2).remove(0);
        next.push(post("new", "2019-01-01", &[], 1));
        source.serve(Served::new(2, &next));

        let planned = target.run(source.addr, &["--dry-run"]);
        let before = target.listed().await;
        let done = target.run(source.addr, &[]);

        assert_eq!(before, brevs(&posts(5, 1)));
        let plan = stdout(&planned);
        assert!(plan.contains("+ blog/new.md\n~ blog/p003.md\n- blog/p004.md\n"), "{plan}");
        assert!(plan.contains("nothing was written"), "{plan}");
        let summary = stdout(&done);
        assert!(summary.contains("1 added, 1 changed, 1 removed, 3 unchanged"), "{summary}");
        assert_eq!(target.listed().await, brevs(&next));
    }
}

#[tokio::test]
async fn readers_can_be_sent_back_and_forward() {
    for target in Target::each() {
        let source = Source::start(Served::new(1, &posts(3, 1)));
        target.run(source.addr, &[]);
        source.serve(Served::new(2, &posts(4, 2)));
        target.run(source.addr, &[]);

        let back = target.run(source.addr, &["--rollback"]);
        assert!(back.status.success(), "{}", all(&back));
        assert_eq!(target.listed().await, brevs(&posts(3, 1)));
        let list = stdout(&target.run(source.addr, &["--releases"]));
        assert!(list.starts_with("  2 0202"), "{list}");
        assert!(list.contains("\n* 1 0101"), "{list}");

        let no_older = target.run(source.addr, &["--rollback"]);
        assert_eq!(no_older.status.code(), Some(65), "{}", all(&no_older));
        let forward = target.run(source.addr, &[]);
        assert!(forward.status.success(), "{}", all(&forward));
        assert_eq!(target.listed().await, brevs(&posts(4, 2)));
        target.run(source.addr, &["--rollback=0101"]);
        assert_eq!(target.listed().await, brevs(&posts(3, 1)));
    }
}

#[tokio::test]
async fn the_expected_release_is_waited_for() {
    for target in Target::each() {
        let source = Source::start(Served::new(1, &posts(3, 1)));
        let mut command = target.command(source.addr, &[]);
        command.env("EXPECTED_RELEASE", test_kit::release_id(2).to_string());
        let running = command.stdout(Stdio::piped()).spawn().unwrap();

        source.serve(Served::new(2, &posts(2, 2)));
        let done = running.wait_with_output().unwrap();

        assert!(done.status.success(), "{}", all(&done));
        assert_eq!(target.listed().await, brevs(&posts(2, 2)));
    }
}

#[tokio::test]
async fn of_two_runs_at_once_both_leave_the_release_whole() {
    for target in Target::each() {
        let source = Source::start(Served::new(1, &posts(300, 1)));
        let start = || {
            let mut command = target.command(source.addr, &[]);
            command.stdout(Stdio::piped()).spawn().unwrap()
        };

        let running = [start(), start(), start()];

        let done = running.map(|run| run.wait_with_output().unwrap());
        let registered = done.iter().filter(|done| stdout(done).contains("300 added"));
        assert_eq!(registered.count(), 1);
        for done in &done {
            assert!(matches!(done.status.code(), Some(0 | 75)), "{}", all(done));
        }
        assert_eq!(target.listed().await, brevs(&posts(300, 1)));
    }
}

#[tokio::test]
async fn the_summary_is_a_line_of_the_log_if_logs_are_json() {
    for target in Target::each() {
        let source = Source::start(Served::new(1, &posts(3, 1)));
        target.register(source.addr);
        source.serve(Served::new(2, &posts(4, 1)));

        let done = target.command(source.addr, &[]).env("LOG_FORMAT", "json").output().unwrap();

        let text = stdout(&done);
        let mut lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let last: serde_json::Value = lines.next_back().unwrap();
        assert_eq!(last["release"], test_kit::release_id(2).to_string(), "{last}");
        let figures = ["posts", "added", "changed", "removed"].map(|name| last[name].as_u64());
        assert_eq!(figures, [4, 1, 0, 0].map(Some), "{last}");
        assert!(last["duration_ms"].is_u64(), "{last}");
        assert!(last["message"].as_str().unwrap().starts_with("readers see release"), "{last}");
    }
}
