//! What the program answers without serving.

use release::{CachePolicy, Compression, ReleaseWriter};
use std::path::Path;
use std::process::{Command, Output};

fn asked(release: &Path, command: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_blog-static"))
        .arg(command)
        .env_clear()
        .env("BLOG_STATIC_RELEASE", release)
        .output()
        .unwrap()
}

#[test]
fn release_prints_the_id_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = ReleaseWriter::create(folder.path(), Compression::None).unwrap();
    writer.file("/404".into(), "text/plain", CachePolicy::Page, b"no".to_vec()).unwrap();
    let written = writer.finish(&[], "/404").unwrap();

    let answer = asked(folder.path(), "release");

    assert!(answer.status.success(), "{answer:?}");
    assert_eq!(String::from_utf8(answer.stdout).unwrap(), format!("{}\n", written.id));
}

#[test]
fn without_a_release_it_says_so_on_standard_error_and_fails() {
    let folder = tempfile::tempdir().unwrap();

    let answer = asked(folder.path(), "release");

    assert_eq!(answer.status.code(), Some(1));
    assert!(answer.stdout.is_empty(), "{answer:?}");
    let why = String::from_utf8(answer.stderr).unwrap();
    assert!(why.contains("BLOG_STATIC_RELEASE") && why.contains("inkstack build"), "{why}");
}

#[test]
fn an_unknown_command_names_those_that_there_are() {
    let folder = tempfile::tempdir().unwrap();

    let answer = asked(folder.path(), "releases");

    assert_eq!(answer.status.code(), Some(64));
    let why = String::from_utf8(answer.stdout).unwrap();
    assert!(why.contains("`release`") && why.contains("`healthcheck`"), "{why}");
}
