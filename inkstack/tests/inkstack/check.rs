//! `inkstack check` and `build` on bad input, and on real posts where they are present.

use crate::support::program;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const HEADER: &str = "```yaml lw-blog-meta\ntitle: t\ndate: \"2020-01-01\"\nbrev: b\n```\n";

/// What `check --format json` finds: the places of each code.
fn check(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let mut command = Command::new(program("inkstack"));
    let output = command.arg("check").arg(folder).args(["--format", "json"]).output().unwrap();
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let mut codes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for problem in &found {
        assert!(!problem["remedy"].as_str().unwrap().is_empty(), "{problem}");
        assert!(problem["line"].as_u64().unwrap() > 0, "{problem}");
        let file = problem["file"].as_str().unwrap().to_owned();
        codes.entry(problem["code"].as_str().unwrap().to_owned()).or_default().push(file);
    }
    codes
}

/// How many posts `build --keep-going` publishes.
fn published(folder: &Path) -> u64 {
    let out = tempfile::tempdir().unwrap();
    let mut command = Command::new(program("inkstack"));
    command.arg("build").arg(folder).args(["--keep-going", "--no-compress", "--out"]);
    let output = command.arg(out.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let index: Value =
        serde_json::from_slice(&fs::read(out.path().join("index.json")).unwrap()).unwrap();
    index["posts"]["count"].as_u64().unwrap()
}

#[test]
fn a_file_that_is_huge_or_cannot_be_read_is_named_and_the_others_are_published() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("200101-good.md", HEADER);
    write("200101-huge.md", &format!("{HEADER}{}", "墨栈\n\n".repeat(10 * 1024 * 1024 / 8)));
    write("200101-locked.md", HEADER);
    let locked = folder.path().join("200101-locked.md");
    fs::set_permissions(&locked, Permissions::from_mode(0o000)).unwrap();
    // Whoever may read everything can read this too.
    let is_locked = fs::read(&locked).is_err();

    let found = check(folder.path());

    assert_eq!(found["too-large"], ["200101-huge.md"]);
    assert_eq!(found.contains_key("unreadable"), is_locked, "{found:?}");
    assert_eq!(published(folder.path()), if is_locked { 1 } else { 2 });
}

#[test]
fn a_writers_first_repository_has_no_problem() {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/blog-repo");

    assert_eq!(check(&template), BTreeMap::new());
    assert_eq!(published(&template), 2);
}

#[test]
fn of_real_posts_every_known_fault_is_found_and_none_is_invented() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    if !corpus.is_dir() {
        println!("skipped: no real posts at {}", corpus.display());
        return;
    }

    let counts: BTreeMap<String, usize> =
        check(&corpus).into_iter().map(|(code, files)| (code, files.len())).collect();

    let known = [
        ("broken-link", 1),
        ("date-file-name", 8),
        ("empty-alt", 19),
        ("empty-brev", 2),
        ("link-without-scheme", 2),
        ("missing-picture", 3),
    ];
    let known = known.map(|(code, count)| (code.to_owned(), count));
    assert_eq!(counts, BTreeMap::from(known));
    assert_eq!(published(&corpus), 287);
}
