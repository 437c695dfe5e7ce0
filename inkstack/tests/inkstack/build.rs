//! `inkstack build`: what a release takes over from the one before, and building again and again.

use crate::support::{program, until};
use release::{Entry, Release};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use test_kit::Process;

/// A blog with one post that shows one picture.
struct Content(tempfile::TempDir);

impl Content {
    fn new() -> Self {
        let content = Self(tempfile::tempdir().unwrap());
        content.post("260101-one.md", "One", "![a picture](p.svg)");
        content.picture("first");
        content
    }

    fn post(&self, name: &str, title: &str, body: &str) {
        let header = format!("title: {title}\ndate: \"2026-01-01\"\nbrev: b");
        let text = format!("```yaml lw-blog-meta\n{header}\n```\n\n{body}\n");
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn picture(&self, text: &str) {
        let picture = format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><!-- {text} --></svg>");
        fs::write(self.0.path().join("p.svg"), picture).unwrap();
    }

    fn build(&self, out: &Path, previous: Option<&Path>) -> Output {
        let mut command = Command::new(program("inkstack"));
        command.arg("build").arg(self.0.path()).arg("--out").arg(out);
        if let Some(previous) = previous {
            command.arg("--previous").arg(previous);
        }
        command.output().unwrap()
    }

    fn built(&self, out: &Path, previous: Option<&Path>) -> Release {
        let output = self.build(out, previous);
        assert!(output.status.success(), "{}", stderr(&output));
        Release::open(out).unwrap()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn picture(release: &Release) -> String {
    let mut routes = release.index().entries.keys();
    routes.find(|route| route.starts_with("/media/")).unwrap().clone()
}

#[test]
fn a_release_carries_the_pictures_of_the_one_before_and_has_the_same_id() {
    let (content, folder) = (Content::new(), tempfile::tempdir().unwrap());
    let at = |name: &str| folder.path().join(name);
    let old = content.built(&at("old"), None);
    content.picture("second");
    let alone = content.built(&at("alone"), None);

    let carrying = content.built(&at("new"), Some(&at("old")));

    assert_eq!(carrying.index(), alone.index());
    assert_ne!(picture(&old), picture(&carrying));
    let carried = carrying.carried().get(&picture(&old)).unwrap();
    assert!(
        matches!(&old.index().entries[&picture(&old)], Entry::File(file) if *file == carried.file)
    );
    assert!(carrying.blob_path(&carried.file.blob, None).is_file());
    // Built again in its own folder it still has them, and writes nothing.
    let again = content.build(&at("new"), None);
    assert!(stderr(&again).contains(" 0 written, 1 of earlier releases"), "{}", stderr(&again));
}

#[test]
fn a_previous_release_may_be_missing_or_the_same_but_not_broken() {
    let (content, folder) = (Content::new(), tempfile::tempdir().unwrap());
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("empty")).unwrap();
    content.built(&at("same"), None);
    fs::create_dir(at("broken")).unwrap();
    fs::write(at("broken").join("index.json"), "{").unwrap();

    for name in ["missing", "empty", "same", "out"] {
        let release = content.built(&at("out"), Some(&at(name)));
        assert!(release.carried().is_empty(), "{name}");
    }
    let refused = content.build(&at("never"), Some(&at("broken")));

    assert!(!refused.status.success());
    let why = stderr(&refused);
    assert!(why.contains("--previous") && why.contains("index.json is damaged"), "{why}");
    assert!(!at("never").exists());
}

#[tokio::test]
async fn a_watched_folder_is_built_again_and_a_bad_post_changes_nothing() {
    let (content, folder) = (Content::new(), tempfile::tempdir().unwrap());
    let out: PathBuf = folder.path().join("out");
    let (from, to) = (content.0.path().display().to_string(), out.display().to_string());
    let arguments = ["build", &from, "--out", &to, "--watch"];
    let log = folder.path().join("log");
    let process = Process::start(&program("inkstack"), &arguments, &[], &log);
    let posts = |count: u64| {
        let out = out.clone();
        async move || {
            let release = Release::open(&out).ok()?;
            (release.index().posts.count == count).then_some(release)
        }
    };
    until("the first release", posts(1)).await;

    content.post("260101-bad.md", "[", "");
    until("the diagnostic", async || process.log().contains("260101-bad.md:").then_some(())).await;
    until("the remedy", async || process.log().contains("nothing was written").then_some(())).await;
    assert_eq!(Release::open(&out).unwrap().index().posts.count, 1);
    content.post("260101-bad.md", "Mended", "");
    let mended = until("the second release", posts(2)).await;

    assert!(mended.index().entries.contains_key("/blog/260101-bad"));
    process.signal("TERM");
    assert_eq!(process.wait(), 0);
}
