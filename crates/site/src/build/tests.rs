//! What a release of a small blog answers.

use super::*;
use crate::gather;
use release::{Entry, Release};
use std::fs;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0";

fn write(folder: &Path, name: &str, title: &str, body: &str) {
    let text = format!(
        "```yaml lw-blog-meta\ntitle: {title}\ndate: 2020-01-01\nbrev: s\ntags: [标签]\n\
         aliases: [old/{title}]\n```\n{body}\n"
    );
    fs::write(folder.join(name), text).unwrap();
}

fn blog() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.md", "A", "# One\n\n![p](p.png)");
    write(folder.path(), "b.md", "B", "[a](a.md)");
    write(folder.path(), "c.md", "C", "");
    fs::write(folder.path().join("p.png"), PNG).unwrap();
    fs::write(folder.path().join("site.toml"), "page_size = 2\ntitle = \"<墨>\"").unwrap();
    folder
}

fn built(content: &Path, out: &Path) -> Built {
    let gathered = gather(content, "2022-01-01T00:00:00Z".parse().unwrap()).unwrap();
    build(content, &gathered, out, Compression::Balanced).unwrap()
}

fn text(out: &Path, route: &str) -> String {
    let release = Release::open(out).unwrap();
    let Some(Entry::File(file)) = release.index().entries.get(route) else {
        panic!("no file at {route}")
    };
    fs::read_to_string(release.blob_path(&file.blob, None)).unwrap()
}

#[test]
fn a_post_in_another_language_has_labels_in_it() {
    let (content, out) = (blog(), tempfile::tempdir().unwrap());
    let english = "```yaml lw-blog-meta\ntitle: E\ndate: 2020-01-02\nbrev: s\nlang: en\n```\nHi.\n";
    fs::write(content.path().join("e.md"), english).unwrap();

    built(content.path(), out.path());

    let (post, home) = (text(out.path(), "/blog/e"), text(out.path(), "/"));
    assert!(post.contains("<html lang=\"en\">") && post.contains(">Archive</a>"), "{post}");
    assert!(home.contains("<html lang=\"zh-CN\">") && home.contains(">归档</a>"), "{home}");
}

#[test]
fn every_page_is_there() {
    let (content, out) = (blog(), tempfile::tempdir().unwrap());

    let built = built(content.path(), out.path());

    assert_eq!(built.written.posts, 3);
    assert!(built.diagnostics.is_empty());
    for (route, part) in [
        ("/", "<a href=\"/blog/a\">A</a>"),
        ("/page/2", "<a href=\"/blog/c\">C</a>"),
        ("/blog/a", "width=\"3\" height=\"2\""),
        ("/blog/a", "<h2 id=\"one\"><span id=\"One\"></span>One<a class=\"anchor\""),
        ("/blog/b", "rel=\"prev\" href=\"/blog/c\""),
        ("/blog/a.md", "title: A"),
        ("/tags", "/tags/%E6%A0%87%E7%AD%BE"),
        ("/tags/标签", "<a href=\"/blog/b\" lang=\"zh-CN\">B</a>"),
        ("/archive", "2020"),
        ("/about", "关于"),
        ("/404", "没有这一页"),
        ("/feed.xml", "http://localhost:8080/blog/a"),
        ("/sitemap.xml", "<loc>http://localhost:8080/blog/a</loc>"),
        (
            "/feed.xml",
            "<content type=\"html\">&lt;h2 id=&quot;one&quot;&gt;&lt;span id=&quot;One&quot;&gt;&lt;/span&gt;One&lt;/h2&gt;",
        ),
        ("/feed.json", "\"url\":\"http://localhost:8080/blog/b\""),
        ("/llms.txt", "- [A](http://localhost:8080/blog/a.md): 2020-01-01 s"),
        ("/site.webmanifest", "\"name\":\"<墨>\""),
        ("/search", "<!--results-->"),
        ("/robots.txt", "Sitemap: http://localhost:8080/sitemap.xml"),
    ] {
        assert!(text(out.path(), route).contains(part), "{part} at {route}");
    }
    assert!(!text(out.path(), "/").contains("<墨>"));
}

#[test]
fn old_addresses_redirect_for_good() {
    let (content, out) = (blog(), tempfile::tempdir().unwrap());
    built(content.path(), out.path());

    let release = Release::open(out.path()).unwrap();

    for from in ["/blog/page/a.md", "/old/A"] {
        assert_eq!(release.index().entries[from], Entry::Redirect { to: "/blog/a".into() });
    }
}

#[test]
fn a_second_build_writes_nothing_and_a_changed_post_little() {
    let (content, out) = (blog(), tempfile::tempdir().unwrap());
    let first = built(content.path(), out.path());

    let second = built(content.path(), out.path());
    write(content.path(), "c.md", "C", "changed");
    let third = built(content.path(), out.path());

    assert_eq!((second.written.changed, second.written.files_written), (false, 0));
    assert_ne!(third.written.id, first.written.id);
    assert!(third.written.files_written * 2 < first.written.files_written);
}

#[test]
fn a_folder_without_posts_is_an_error_that_says_what_a_post_is() {
    let (content, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let gathered = gather(content.path(), jiff::Timestamp::UNIX_EPOCH).unwrap();

    let error = build(content.path(), &gathered, out.path(), Compression::None).unwrap_err();

    assert!(error.to_string().contains("lw-blog-meta"), "{error}");
}
