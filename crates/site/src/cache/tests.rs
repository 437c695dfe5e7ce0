//! A build with a cache is the build without.

use super::*;
use crate::{Gathered, SiteError, build, gather, regather};
use release::{Compression, Written};
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;
use tempfile::{TempDir, tempdir};

const NOW: &str = "2022-01-01T00:00:00Z";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0";
const WIDER: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x09\0\0\0\x02\x08\x02\0\0\0";

fn write(content: &TempDir, name: &str, body: &str) {
    let text =
        format!("```yaml lw-blog-meta\ntitle: {name}\ndate: 2020-01-01\nbrev: s\n```\n{body}\n");
    fs::write(content.path().join(name), text).unwrap();
}

/// Three posts that link to one another, and a picture.
fn blog() -> TempDir {
    let content = tempdir().unwrap();
    write(&content, "a.md", "# One\n\n![p](p.png)\n\n```rust\nfn main() {}\n```");
    write(&content, "b.md", "[a](a.md#one) [lost](c/x.md)");
    write(&content, "c.md", "[b](b.md)");
    fs::write(content.path().join("p.png"), PNG).unwrap();
    content
}

/// Makes the cache an hour younger than every file, so that stamps are believed.
fn age(out: &TempDir) {
    let path = out.path().join(".cache");
    let (entries, mut table) = Entries::open(&path, PROGRAM).unwrap();
    table.taken += i128::try_from(Duration::from_hours(1).as_nanos()).unwrap();
    file::write(&path, PROGRAM, Some(&entries), table, std::iter::empty()).unwrap();
}

fn rebuilt(content: &TempDir, out: &TempDir) -> (Gathered, Written) {
    let gathered = regather(content.path(), out.path(), NOW.parse().unwrap()).unwrap();
    let built = build(content.path(), &gathered, out.path(), Compression::Balanced).unwrap();
    (gathered, built.written)
}

/// The posts of a build that were rendered and not taken from the cache.
fn rendered(gathered: &Gathered) -> Vec<&str> {
    let fresh = gathered.posts.iter().filter(|post| matches!(post.origin, Origin::Fresh(_)));
    fresh.map(|post| post.name.as_str()).collect()
}

/// Every file of a release but the cache.
fn tree(out: &TempDir) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let mut all = files(out.path());
    all.extend(files(&out.path().join("blobs")));
    let whole = all.into_iter().filter(|path| path.is_file() && !path.ends_with(".cache"));
    whole
        .map(|path| (path.strip_prefix(out.path()).unwrap().into(), fs::read(&path).unwrap()))
        .collect()
}

/// The files of a release, and not what it carries for the readers of the one before, which a build
/// from nothing has not.
fn own_tree(out: &TempDir, expected: &BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<PathBuf, Vec<u8>> {
    let carried = fs::read_to_string(out.path().join("carried.json")).unwrap_or_default();
    let is_carried = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name == "carried.json" || carried.contains(name.split('.').next().unwrap())
    };
    let mut files = tree(out);
    files.retain(|path, _| expected.contains_key(path) || !is_carried(path));
    files
}

/// Builds again after `change`, and compares with a build from nothing. Returns what was rendered.
fn changed(change: impl Fn(&TempDir)) -> Vec<String> {
    let (content, out, afresh) = (blog(), tempdir().unwrap(), tempdir().unwrap());
    rebuilt(&content, &out);
    age(&out);
    change(&content);

    let (gathered, written) = rebuilt(&content, &out);
    let (full, expected) = rebuilt(&content, &afresh);

    assert_eq!(written.id, expected.id);
    assert_eq!(gathered.diagnostics, full.diagnostics);
    assert!(own_tree(&out, &tree(&afresh)) == tree(&afresh));
    rendered(&gathered).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_second_build_renders_nothing_and_writes_nothing() {
    let (content, out) = (blog(), tempdir().unwrap());
    rebuilt(&content, &out);
    let before = fs::metadata(out.path().join(".cache")).unwrap().modified().unwrap();

    let (gathered, written) = rebuilt(&content, &out);

    let after = fs::metadata(out.path().join(".cache")).unwrap().modified().unwrap();
    assert_eq!(rendered(&gathered), [""; 0]);
    assert_eq!((written.changed, written.files_written, after), (false, 0, before));
}

#[test]
fn a_changed_body_is_rendered_alone() {
    assert_eq!(changed(|content| write(content, "c.md", "# new\n\n[b](b.md)")), ["c.md"]);
}

#[test]
fn nothing_else_changes_nothing() {
    assert_eq!(changed(|_| ()), [""; 0]);
}

#[test]
fn the_posts_that_link_to_a_renamed_post_are_rendered() {
    let renamed = changed(|content| {
        fs::rename(content.path().join("a.md"), content.path().join("z.md")).unwrap();
    });

    assert_eq!(renamed, ["b.md", "z.md"]);
}

#[test]
fn a_post_that_may_be_what_a_lost_link_meant_changes_what_is_said_of_it() {
    let added = changed(|content| write(content, "x.md", ""));

    assert_eq!(added, ["b.md", "x.md"]);
}

#[test]
fn the_posts_that_show_a_changed_picture_are_rendered() {
    let swapped = changed(|content| fs::write(content.path().join("p.png"), WIDER).unwrap());
    let removed = changed(|content| fs::remove_file(content.path().join("p.png")).unwrap());

    assert_eq!((swapped, removed), (vec!["a.md".to_owned()], vec!["a.md".to_owned()]));
}

#[test]
fn an_anchor_that_is_gone_is_missed_in_a_post_that_was_not_rendered() {
    let (content, out) = (blog(), tempdir().unwrap());
    rebuilt(&content, &out);
    write(&content, "a.md", "# Two");

    let (gathered, _) = rebuilt(&content, &out);

    assert_eq!(rendered(&gathered), ["a.md"]);
    let codes: Vec<&str> = gathered.diagnostics.iter().map(|found| &*found.code).collect();
    assert_eq!(codes, ["broken-anchor", "broken-link"]);
}

#[test]
fn another_anchor_is_the_same_as_from_nothing() {
    assert_eq!(changed(|content| write(content, "a.md", "# Two")), ["a.md"]);
}

#[test]
fn settings_change_pages_and_not_bodies() {
    let changed = changed(|content| {
        let text = "title = \"other\"\npage_size = 1";
        fs::write(content.path().join("site.toml"), text).unwrap();
    });

    assert_eq!(changed, [""; 0]);
}

#[test]
fn another_language_changes_bodies_that_say_something_by_themselves() {
    let changed = changed(|content| {
        fs::write(content.path().join("site.toml"), "language = \"en\"").unwrap();
    });

    assert_eq!(changed, ["a.md", "b.md", "c.md"]);
}

#[test]
fn a_picture_written_in_the_cache_s_own_second_is_read_again() {
    let (content, out) = (blog(), tempdir().unwrap());
    rebuilt(&content, &out);
    let path = content.path().join("p.png");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, WIDER).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    forget_changes(&out, &path);

    let (gathered, _) = rebuilt(&content, &out);

    assert_eq!(rendered(&gathered), ["a.md"]);
    assert!(gathered.posts[0].html.contains("width=\"9\""), "{}", gathered.posts[0].html);
}

/// Gives the cache the stamp that `path` has now, as a coarse clock would.
fn forget_changes(out: &TempDir, path: &Path) {
    let file = out.path().join(".cache");
    let (entries, mut table) = Entries::open(&file, PROGRAM).unwrap();
    for picture in table.pictures.values_mut() {
        picture.stamp = Stamp::of(&fs::metadata(path).unwrap());
    }
    file::write(&file, PROGRAM, Some(&entries), table, std::iter::empty()).unwrap();
}

#[test]
fn a_damaged_or_missing_cache_costs_time_only() {
    let (content, out) = (blog(), tempdir().unwrap());
    let (_, first) = rebuilt(&content, &out);
    let path = out.path().join(".cache");
    let whole = fs::read(&path).unwrap();

    for place in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        fs::write(&path, damaged).unwrap();
        let (gathered, written) = rebuilt(&content, &out);
        assert_eq!((written.id, written.files_written), (first.id, 0), "byte {place}");
        assert!(!rendered(&gathered).is_empty(), "byte {place}");
    }
    for length in [0, 10, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let (gathered, written) = rebuilt(&content, &out);
        assert_eq!((rendered(&gathered).len(), written.id), (3, first.id));
    }
    fs::remove_file(&path).unwrap();

    assert_eq!(rendered(&rebuilt(&content, &out).0).len(), 3);
    assert_eq!(rendered(&rebuilt(&content, &out).0).len(), 0);
}

#[test]
fn the_cache_of_another_program_is_not_believed() {
    let (content, out) = (blog(), tempdir().unwrap());
    rebuilt(&content, &out);
    let path = out.path().join(".cache");
    let (entries, table) = Entries::open(&path, PROGRAM).unwrap();
    file::write(&path, "another", Some(&entries), table, std::iter::empty()).unwrap();

    let (gathered, written) = rebuilt(&content, &out);

    assert_eq!(rendered(&gathered).len(), 3);
    assert!(!written.changed);
}

#[test]
fn the_cache_does_not_grow_for_ever() {
    let (content, out) = (blog(), tempdir().unwrap());
    let long = "word ".repeat(2000);
    let mut largest = 0;
    for number in 0..20 {
        write(&content, "c.md", &format!("{number} {long}"));
        rebuilt(&content, &out);
        largest = largest.max(fs::metadata(out.path().join(".cache")).unwrap().len());
    }

    assert!(largest < 100_000, "{largest}");
    assert_eq!(rendered(&rebuilt(&content, &out).0).len(), 0);
}

#[test]
fn a_picture_that_changes_during_the_build_stops_it() {
    let (content, out) = (blog(), tempdir().unwrap());
    let gathered = gather(content.path(), NOW.parse().unwrap()).unwrap();
    fs::write(content.path().join("p.png"), WIDER).unwrap();

    let error = build(content.path(), &gathered, out.path(), Compression::None).unwrap_err();

    assert!(matches!(error, SiteError::Changed(_)), "{error}");
}

#[test]
fn what_was_gathered_without_a_cache_leaves_none() {
    let content = blog();
    let gathered = gather(content.path(), NOW.parse().unwrap()).unwrap();
    let out = tempdir().unwrap();

    build(content.path(), &gathered, out.path(), Compression::None).unwrap();

    assert!(!out.path().join(".cache").exists());
}
