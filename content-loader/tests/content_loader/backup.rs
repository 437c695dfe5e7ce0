//! Backups through standard input and output, as scripts make them.

use crate::support::{Served, Source, Target, all, stdout};
use std::io::Write;
use std::process::{Output, Stdio};
use test_kit::{brevs, posts};

/// Runs the job with `input` on standard input.
fn fed(target: &Target, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = target.command(([127, 0, 0, 1], 1).into(), arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    // One that refuses what it reads first hangs up.
    let _ = running.stdin.take().unwrap().write_all(input);
    running.wait_with_output().unwrap()
}

#[tokio::test]
async fn what_was_backed_up_is_verified_and_restored_elsewhere() {
    for (from, to) in Target::each().into_iter().zip(Target::each()) {
        let source = Source::start(Served::new(1, &posts(30, 1)));
        from.register(source.addr);

        let saved = fed(&from, &["--backup"], b"");
        let verified = fed(&to, &["--verify-backup"], &saved.stdout);
        let restored = fed(&to, &["--restore"], &saved.stdout);

        assert!(saved.status.success(), "{}", all(&saved));
        // Standard output is the backup and nothing else.
        assert!(saved.stdout.starts_with(b"{\"inkstack_backup\":1,"));
        assert!(String::from_utf8_lossy(&saved.stdout).lines().count() > 2);
        assert!(String::from_utf8_lossy(&saved.stderr).contains("backed up database"));
        assert!(verified.status.success(), "{}", all(&verified));
        assert!(stdout(&verified).starts_with("the backup is whole: "), "{}", all(&verified));
        assert!(restored.status.success(), "{}", all(&restored));
        assert!(stdout(&restored).starts_with("restored database "), "{}", all(&restored));
        assert_eq!(to.listed().await, brevs(&posts(30, 1)));
        let again = to.run(source.addr, &[]);
        assert!(stdout(&again).starts_with("nothing to do"), "{}", all(&again));
    }
}

#[tokio::test]
async fn a_broken_backup_and_a_database_in_use_are_65() {
    for target in Target::each() {
        let source = Source::start(Served::new(1, &posts(30, 1)));
        target.register(source.addr);
        let saved = fed(&target, &["--backup"], b"").stdout;
        let mut altered = saved.clone();
        let middle = saved.len() / 2;
        altered[middle] ^= 1;

        for (what, arguments, input) in [
            ("cut", &["--verify-backup"][..], &saved[..saved.len() - 1]),
            ("cut", &["--restore", "--replace"], &saved[..saved.len() - 1]),
            ("altered", &["--verify-backup"], &altered),
            ("altered", &["--restore", "--replace"], &altered),
            ("nothing", &["--restore", "--replace"], b""),
            ("in use", &["--restore"], &saved),
        ] {
            let refused = fed(&target, arguments, input);
            assert_eq!(refused.status.code(), Some(65), "{what}: {}", all(&refused));
            assert!(stdout(&refused).is_empty(), "{what}: {}", all(&refused));
            assert_eq!(target.listed().await, brevs(&posts(30, 1)), "{what}");
        }
        let meant = fed(&target, &["--restore", "--replace"], &saved);
        assert!(meant.status.success(), "{}", all(&meant));
        let nonsense = fed(&target, &["--backup", "--restore"], b"");
        assert_eq!(nonsense.status.code(), Some(64), "{}", all(&nonsense));
    }
}
