//! What of earlier releases is kept, and for how long.

use super::*;
use crate::{Compression, ReleaseWriter, content_hash};
use std::path::PathBuf;

/// A release with a page and one style sheet, whose text is `style`.
fn built(folder: &Path, style: &str) -> crate::Written {
    let mut writer = ReleaseWriter::create(folder, Compression::Balanced).unwrap();
    writer.file("/404".into(), "text/plain", CachePolicy::Page, b"no".to_vec()).unwrap();
    let text = text(style);
    writer.file(route(style), "text/css", CachePolicy::Immutable, text).unwrap();
    writer.finish(&[], "/404").unwrap()
}

fn text(style: &str) -> Vec<u8> {
    style.repeat(400).into_bytes()
}

fn route(style: &str) -> String {
    format!("/assets/{style}.css")
}

fn opened(folder: &Path) -> Release {
    Release::open(folder).unwrap()
}

fn generation(folder: &Path, style: &str) -> Option<u32> {
    opened(folder).carried().get(&route(style)).map(|carried| carried.generation)
}

fn blobs(folder: &Path) -> usize {
    fs::read_dir(folder.join("blobs")).unwrap().count()
}

fn folders<const N: usize>() -> [tempfile::TempDir; N] {
    std::array::from_fn(|_| tempfile::tempdir().unwrap())
}

#[test]
fn the_assets_of_the_release_before_are_carried_in_every_form() {
    let [old, new] = folders();
    built(old.path(), "a");
    let before = built(new.path(), "b");

    let count = carry(new.path(), &opened(old.path())).unwrap();

    let release = opened(new.path());
    let carried = release.carried().get(&route("a")).unwrap();
    assert_eq!((count, carried.generation), (1, 1));
    assert_eq!(fs::read(release.blob_path(&carried.file.blob, None)).unwrap(), text("a"));
    assert_eq!(carried.file.encodings.len(), Encoding::ALL.len());
    for (encoding, bytes) in &carried.file.encodings {
        let form = fs::metadata(release.blob_path(&carried.file.blob, Some(*encoding))).unwrap();
        assert_eq!(form.len(), *bytes);
    }
    // Pages are not carried, and the release is the same one.
    assert_eq!(release.carried().len(), 1);
    assert_eq!(release.index().id, before.id);
}

#[test]
fn a_build_into_the_same_folder_carries_what_was_there() {
    let [folder] = folders();
    built(folder.path(), "a");

    built(folder.path(), "b");
    let again = built(folder.path(), "b");

    assert_eq!(generation(folder.path(), "a"), Some(1));
    assert_eq!((again.changed, again.files_written, again.carried), (false, 0, 1));
}

#[test]
fn an_asset_is_dropped_with_its_blobs_after_some_generations() {
    let [folder] = folders();
    let style = |number: u32| format!("style{number}");
    for number in 0..=GENERATIONS {
        built(folder.path(), &style(number));
    }
    assert_eq!(generation(folder.path(), &style(0)), Some(GENERATIONS));
    let full = blobs(folder.path());

    built(folder.path(), &style(GENERATIONS + 1));

    assert_eq!(generation(folder.path(), &style(0)), None);
    assert_eq!(generation(folder.path(), &style(1)), Some(GENERATIONS));
    assert_eq!(blobs(folder.path()), full);
}

#[test]
fn an_asset_that_comes_back_is_the_releases_own_again() {
    let [folder] = folders();
    let first = built(folder.path(), "a");
    built(folder.path(), "b");

    let third = built(folder.path(), "a");

    assert_eq!(third.id, first.id);
    assert_eq!(generation(folder.path(), "a"), None);
    assert_eq!(generation(folder.path(), "b"), Some(1));
    // Its blobs were still there: only the index, the posts and what is carried are new.
    assert_eq!(third.files_written, 3);
}

#[test]
fn the_same_release_adds_nothing_and_nothing_ages() {
    let [old, new] = folders();
    built(old.path(), "a");
    built(old.path(), "b");
    built(new.path(), "b");

    carry(new.path(), &opened(old.path())).unwrap();
    carry(new.path(), &opened(new.path())).unwrap();

    assert_eq!(generation(new.path(), "a"), Some(1));
    assert_eq!(generation(new.path(), "b"), None);
}

#[test]
fn what_both_carry_keeps_its_youngest_generation() {
    let [old, new] = folders();
    built(old.path(), "a");
    for style in ["a", "b", "c"] {
        built(new.path(), style);
    }
    assert_eq!(generation(new.path(), "a"), Some(2));

    carry(new.path(), &opened(old.path())).unwrap();

    assert_eq!(generation(new.path(), "a"), Some(1));
}

#[test]
fn an_asset_that_was_altered_or_lost_is_named() {
    let [old, new] = folders();
    built(old.path(), "a");
    built(new.path(), "b");
    let previous = opened(old.path());
    let blob: PathBuf = previous.blob_path(&content_hash(&text("a")), None);

    fs::write(&blob, "other").unwrap();
    let altered = carry(new.path(), &previous).unwrap_err();
    fs::remove_file(&blob).unwrap();
    let lost = carry(new.path(), &previous).unwrap_err();

    assert!(matches!(&altered, ReleaseError::Altered(path) if *path == blob), "{altered}");
    assert!(matches!(&lost, ReleaseError::Read { path, .. } if *path == blob), "{lost}");
    assert!(opened(new.path()).carried().is_empty());
}

#[test]
fn a_damaged_list_is_named_and_the_next_build_replaces_it() {
    let [folder] = folders();
    built(folder.path(), "a");
    fs::write(folder.path().join("carried.json"), "{").unwrap();

    let error = Release::open(folder.path()).unwrap_err();
    built(folder.path(), "b");

    assert!(error.to_string().contains("carried.json is damaged"), "{error}");
    assert!(opened(folder.path()).carried().is_empty());
}
