//! What a build writes, and what it leaves alone.

use super::*;
use crate::Encoding;

const PAGE: &str = "text/html; charset=utf-8";

fn built(folder: &Path, pages: &[(&str, &str)]) -> Written {
    let mut writer = ReleaseWriter::create(folder, Compression::Balanced).unwrap();
    for (route, text) in pages {
        let bytes = text.repeat(400).into_bytes();
        writer.file((*route).to_owned(), PAGE, CachePolicy::Page, bytes).unwrap();
    }
    writer.redirect("/old".into(), "/new".into()).unwrap();
    writer.finish(&[], "/404").unwrap()
}

/// Every file below `folder` with its content.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(
                tree(&path)
                    .into_iter()
                    .map(|(name, bytes)| (Path::new(path.file_name().unwrap()).join(name), bytes)),
            );
        } else {
            files.insert(path.file_name().unwrap().into(), fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn the_same_input_gives_the_same_bytes_anywhere() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());

    let first = built(here.path(), &[("/a", "a"), ("/404", "no")]);
    let second = built(there.path(), &[("/404", "no"), ("/a", "a")]);

    assert_eq!(first.id, second.id);
    assert!(tree(here.path()) == tree(there.path()));
}

#[test]
fn a_second_build_with_nothing_changed_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path(), &[("/a", "a"), ("/404", "no")]);

    let second = built(folder.path(), &[("/a", "a"), ("/404", "no")]);

    assert_eq!((second.changed, second.files_written), (false, 0));
}

#[test]
fn one_changed_page_writes_that_page_and_drops_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let first = built(folder.path(), &[("/a", "a"), ("/404", "no")]);

    let second = built(folder.path(), &[("/a", "b"), ("/404", "no")]);

    assert_ne!(first.id, second.id);
    // One blob, its three encodings, the posts and the index.
    assert_eq!(second.files_written, 6);
    assert_eq!(tree(folder.path()).len(), 2 * 4 + 2);
}

#[test]
fn another_policy_alone_is_another_release() {
    let folder = tempfile::tempdir().unwrap();
    let with = |policy: &str| {
        let writer = ReleaseWriter::create(folder.path(), Compression::Balanced).unwrap();
        writer.with_policy(policy.into()).finish(&[], "/404").unwrap()
    };

    let (none, one, same) = (with(""), with("default-src 'none'"), with("default-src 'none'"));

    assert!(none.id != one.id && one.changed && !same.changed);
    let release = Release::open(folder.path()).unwrap();
    assert_eq!(release.index().policy, "default-src 'none'");
}

#[test]
fn a_lost_blob_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = built(folder.path(), &[("/a", "a"), ("/404", "no")]);
    let before = tree(folder.path());
    let lost = before.keys().find(|name| name.to_string_lossy().ends_with(".gz")).unwrap();
    fs::remove_file(folder.path().join(lost)).unwrap();

    let second = built(folder.path(), &[("/a", "a"), ("/404", "no")]);

    assert_eq!(first.id, second.id);
    assert!(before == tree(folder.path()));
}

#[test]
fn a_build_without_compression_keeps_no_encodings() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path(), &[("/404", "no")]);

    let writer = {
        let mut writer = ReleaseWriter::create(folder.path(), Compression::None).unwrap();
        let bytes = "no".repeat(400).into_bytes();
        writer.file("/404".into(), PAGE, CachePolicy::Page, bytes).unwrap();
        writer
    };
    writer.finish(&[], "/404").unwrap();

    let release = Release::open(folder.path()).unwrap();
    assert!(release.index().files().all(|file| file.encodings.is_empty()));
}

#[test]
fn two_things_cannot_have_one_address() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = ReleaseWriter::create(folder.path(), Compression::None).unwrap();
    writer.file("/a".into(), PAGE, CachePolicy::Page, vec![]).unwrap();

    let page = writer.file("/a".into(), PAGE, CachePolicy::Page, vec![1]);
    let redirect = writer.redirect("/a".into(), "/b".into());

    assert_eq!(page, Err(RouteTaken("/a".into())));
    assert_eq!(redirect, Err(RouteTaken("/a".into())));
}

#[test]
fn a_damaged_index_is_named_and_replaced_by_the_next_build() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path(), &[("/404", "no")]);
    fs::write(folder.path().join("index.json"), "{").unwrap();

    let error = Release::open(folder.path()).unwrap_err();
    built(folder.path(), &[("/404", "no")]);

    assert!(error.to_string().contains("index.json is damaged"), "{error}");
    assert!(Release::open(folder.path()).is_ok());
}

#[test]
fn another_formats_release_is_called_that() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("index.json"), r#"{"format":99}"#).unwrap();

    let error = Release::open(folder.path()).unwrap_err();

    assert!(matches!(error, ReleaseError::Format { found: 99, .. }), "{error}");
}

#[test]
fn a_lost_file_of_posts_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path(), &[("/404", "no")]);
    fs::remove_file(folder.path().join("posts.ndjson")).unwrap();

    built(folder.path(), &[("/404", "no")]);

    assert!(folder.path().join("posts.ndjson").exists());
}

/// A release with one file at `/404`.
fn single(folder: &Path, content_type: &str, bytes: &[u8]) -> Written {
    let mut writer = ReleaseWriter::create(folder, Compression::Balanced).unwrap();
    writer.file("/404".into(), content_type, CachePolicy::Page, bytes.to_vec()).unwrap();
    writer.finish(&[], "/404").unwrap()
}

/// Bytes that no encoding makes smaller.
fn noise() -> Vec<u8> {
    (0_u32..64).flat_map(|number| *content_hash(&number.to_le_bytes()).as_bytes()).collect()
}

#[test]
fn text_that_does_not_compress_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = single(folder.path(), PAGE, &noise());

    let second = single(folder.path(), PAGE, &noise());

    assert_eq!((first.files_written, second.files_written), (3, 0));
}

#[test]
fn another_content_type_alone_brings_its_own_encodings() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let text = b"ink ".repeat(400);

    for content_type in [PAGE, "image/png", PAGE] {
        let here = single(here.path(), content_type, &text);
        fs::remove_dir_all(there.path()).unwrap();
        let there = single(there.path(), content_type, &text);

        assert_eq!(here.id, there.id);
    }
    single(here.path(), "image/png", &text);

    assert_eq!(tree(here.path()).len(), 1 + 2);
}

#[test]
fn a_blob_is_kept_only_in_every_form_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let text = b"ink ".repeat(400);
    single(folder.path(), "image/png", &text);
    let blob = content_hash(&text);

    let mut writer = ReleaseWriter::create(folder.path(), Compression::Balanced).unwrap();
    let page = writer.kept("/404", PAGE, CachePolicy::Page, blob);
    let lost = writer.kept("/404", "image/png", CachePolicy::Page, content_hash(b"other"));
    let picture = writer.kept("/404", "image/png", CachePolicy::Page, blob);
    let taken = writer.kept("/404", "image/png", CachePolicy::Page, blob);
    let written = writer.finish(&[], "/404").unwrap();

    assert_eq!((page, lost, picture), (Ok(false), Ok(false), Ok(true)));
    assert_eq!(taken, Err(RouteTaken("/404".into())));
    assert!(!written.changed);
}

#[test]
fn one_blob_may_be_text_and_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = ReleaseWriter::create(folder.path(), Compression::Balanced).unwrap();
    for (route, content_type) in [("/a", "image/png"), ("/404", PAGE), ("/b", "image/png")] {
        let text = b"ink ".repeat(400);
        writer.file(route.into(), content_type, CachePolicy::Page, text).unwrap();
    }
    let written = writer.finish(&[], "/404").unwrap();

    let release = Release::open(folder.path()).unwrap();
    let encodings: Vec<usize> = release.index().files().map(|file| file.encodings.len()).collect();
    assert_eq!(encodings, [Encoding::ALL.len(), 0, 0]);
    assert_eq!(written.files_written, 4 + 2);
}

#[test]
fn what_an_interrupted_build_left_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path(), &[("/404", "no")]);
    fs::write(folder.path().join("blobs/x.partial"), "half").unwrap();

    let second = built(folder.path(), &[("/404", "no")]);

    assert!(!second.changed);
    assert!(!folder.path().join("blobs/x.partial").exists());
}

#[test]
fn a_file_that_never_changes_is_kept_by_its_address_alone() {
    let folder = tempfile::tempdir().unwrap();
    let build = |route: &str, cache| {
        let mut writer = ReleaseWriter::create(folder.path(), Compression::Balanced).unwrap();
        let is_kept = writer.kept_route(route).unwrap();
        if !is_kept {
            writer.file(route.to_owned(), "image/png", cache, vec![1, 2, 3]).unwrap();
        }
        writer.file("/404".into(), PAGE, CachePolicy::Page, b"no".to_vec()).unwrap();
        (is_kept, writer.finish(&[], "/404").unwrap().id)
    };

    let first = build("/media/a.png", CachePolicy::Immutable);
    let second = build("/media/a.png", CachePolicy::Immutable);
    let other = build("/media/b.png", CachePolicy::Page);
    let page = build("/media/b.png", CachePolicy::Page);

    assert_eq!((first.0, second.0, other.0, page.0), (false, true, false, false));
    assert_eq!(first.1, second.1);
}

#[test]
fn a_file_that_never_changes_is_borrowed_if_it_is_whole() {
    let (earlier, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut writer = ReleaseWriter::create(earlier.path(), Compression::Balanced).unwrap();
    let cache = CachePolicy::Immutable;
    writer.file("/media/a.webp".into(), "image/webp", cache, b"drawn".to_vec()).unwrap();
    writer.file("/404".into(), PAGE, CachePolicy::Page, b"no".to_vec()).unwrap();
    writer.finish(&[], "/404").unwrap();
    let lender = Release::open(earlier.path()).unwrap();
    let borrowed = |route: &str| {
        let writer = ReleaseWriter::create(folder.path(), Compression::Balanced).unwrap();
        let mut writer = writer.borrowing(Some(lender.clone()));
        (writer.kept_route(route).unwrap(), writer.has(route))
    };
    assert_eq!(borrowed("/media/a.webp"), (true, true));
    assert_eq!(borrowed("/media/b.webp"), (false, false));
    assert_eq!(borrowed("/404"), (false, false), "a page may change");
    let blob = lender.blob_path(&content_hash(b"drawn"), None);
    fs::write(blob, b"other").unwrap();
    assert_eq!(borrowed("/media/a.webp"), (false, false), "a damaged blob is not taken");
}
