//! What a folder holds, faults included.

use super::*;
use std::os::unix::fs::symlink;

const NOW: &str = "2022-01-01T00:00:00Z";

fn post(title: &str, date: &str, body: &str) -> String {
    format!("```yaml lw-blog-meta\ntitle: {title}\ndate: {date}\nbrev: s\n```\n{body}\n")
}

/// A content folder with `files`.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn gathered(files: &[(&str, &str)]) -> Gathered {
    gather(folder(files).path(), NOW.parse().unwrap()).unwrap()
}

fn paths(gathered: &Gathered) -> Vec<&str> {
    gathered.posts.iter().map(|publication| publication.post.summary.path.as_str()).collect()
}

fn codes(gathered: &Gathered) -> Vec<String> {
    let line = |d: &Diagnostic| format!("{}:{}:{} {}", d.file, d.line, d.col, d.code);
    gathered.diagnostics.iter().map(line).collect()
}

#[test]
fn posts_are_ordered_and_what_is_hidden_stays_so() {
    let text = post("x", "2020-01-01", "");

    let gathered = gathered(&[
        ("2020/b.md", &text),
        ("2020/a.md", &text),
        ("2021/c.md", &post("c", "2021-01-01", "")),
        ("hide/d.md", &text),
        ("x/drafts/e.md", &text),
        (".git/f.md", &text),
        ("README.md", "# hi"),
        ("2020/README_zh.md", "# hi"),
    ]);

    assert_eq!(paths(&gathered), ["blog/2021/c.md", "blog/2020/a.md", "blog/2020/b.md"]);
    assert_eq!(codes(&gathered), [""; 0]);
}

#[test]
fn one_bad_file_never_keeps_back_another() {
    let folder = folder(&[
        ("ok.md", &post("ok", "2020-01-01", "")),
        ("date.md", &post("x", "2019-02-31", "")),
        ("none.md", "# no header"),
        ("json.md", "```json lw-blog-meta\n{\n```\n"),
        ("tags.md", "```yaml lw-blog-meta\ntitle: x\ndate: 2020-01-01\nbrev: s\ntags: 5\n```\n"),
        (
            "up.md",
            "```yaml lw-blog-meta\ntitle: x\ndate: 2020-01-01\nbrev: s\npath: ../x.md\n```\n",
        ),
    ]);
    fs::write(folder.path().join("bytes.md"), b"\xff\xfe").unwrap();

    let gathered = gather(folder.path(), NOW.parse().unwrap()).unwrap();

    assert_eq!(paths(&gathered), ["blog/ok.md"]);
    assert_eq!(
        codes(&gathered),
        [
            "bytes.md:1:1 not-utf8",
            "date.md:3:7 bad-date",
            "json.md:3:1 header-json",
            "none.md:1:1 no-header",
            "tags.md:5:7 wrong-type",
            "up.md:5:7 bad-path",
        ]
    );
}

#[test]
fn two_posts_with_one_path_name_each_other_and_neither_is_published() {
    let gathered = gathered(&[
        ("a.md", &post("a", "2020-01-01", "")),
        ("A.md", &post("b", "2020-01-01", "")),
        ("c.md", &post("c", "2020-01-01", "")),
    ]);

    assert_eq!(paths(&gathered), ["blog/c.md"]);
    assert_eq!(codes(&gathered), ["A.md:1:1 duplicate-path", "a.md:1:1 duplicate-path"]);
    assert!(gathered.diagnostics[0].message.contains("A.md and a.md"));
}

#[test]
fn drafts_and_posts_of_the_future_wait() {
    let draft = "```yaml lw-blog-meta\ntitle: x\ndate: 2020-01-01\nbrev: s\ndraft: true\n```\n";

    let gathered = gathered(&[
        ("a.md", &post("a", "2022-01-01", "")),
        ("b.md", &post("b", "2022-01-02", "")),
        ("c.md", draft),
    ]);

    assert_eq!(paths(&gathered), ["blog/a.md"]);
    assert_eq!(gathered.drafts, 1);
    assert_eq!(gathered.scheduled[0].1.to_string(), "2022-01-01T16:00:00Z");
}

#[test]
fn links_between_posts_are_resolved_and_lost_ones_named() {
    let gathered = gathered(&[
        (
            "2020/a.md",
            &post(
                "a",
                "2020-01-01",
                "[b](../2021/b.md#Top：1) [c](b.md) [d](#no) [e](/blog/page/2021/b.md)",
            ),
        ),
        ("2021/b.md", &post("b", "2021-01-01", "# Top：1")),
    ]);

    let html = &gathered.posts[1].html;
    assert!(
        html.contains("href=\"/blog/2021/b#Top%EF%BC%9A1\"")
            || html.contains("href=\"/blog/2021/b#Top：1\""),
        "{html}"
    );
    assert!(html.contains("<a href=\"/blog/2021/b\">e</a>"), "{html}");
    assert_eq!(codes(&gathered), ["2020/a.md:6:25 broken-link", "2020/a.md:6:35 broken-anchor"]);
    assert!(gathered.diagnostics[0].remedy.contains("../2021/b.md"));
}

#[test]
fn nothing_outside_the_folder_is_published() {
    let outside = folder(&[("secret.md", &post("s", "2020-01-01", "")), ("s.png", "png")]);
    let folder = folder(&[("a.md", &post("a", "2020-01-01", "![p](p.png) ![q](../q.png)"))]);
    symlink(outside.path().join("secret.md"), folder.path().join("b.md")).unwrap();
    symlink(outside.path().join("s.png"), folder.path().join("p.png")).unwrap();

    let gathered = gather(folder.path(), NOW.parse().unwrap()).unwrap();

    assert_eq!(paths(&gathered), ["blog/a.md"]);
    assert_eq!(codes(&gathered), ["a.md:6:1 missing-picture", "a.md:6:13 missing-picture"]);
    assert!(gathered.media.is_empty());
}
