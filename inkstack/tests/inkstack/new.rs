//! `inkstack new`: a post's file.

use crate::support::program;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn inkstack(arguments: &[&str], content: &Path) -> Output {
    Command::new(program("inkstack")).args(arguments).arg(content).output().unwrap()
}

fn new(title: &str, content: &Path) -> Output {
    inkstack(&["new", title, "--date", "2026-01-31", "--content"], content)
}

#[test]
fn a_new_post_can_be_built_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let title = "A title: \"with\" [everything] 墨";

    let made = new(title, folder.path());
    let file = folder.path().join("2026/260131-a-title-with-everything-墨.md");
    assert!(made.status.success(), "{made:?}");
    assert_eq!(String::from_utf8(made.stdout).unwrap(), format!("{}\n", file.display()));
    let checked = inkstack(&["check"], folder.path());
    assert!(checked.status.success(), "{checked:?}");
    assert!(String::from_utf8_lossy(&checked.stderr).starts_with("1 posts,"), "{checked:?}");

    fs::write(&file, "written").unwrap();
    let again = new(title, folder.path());
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("is not written"), "{again:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "written");
}
