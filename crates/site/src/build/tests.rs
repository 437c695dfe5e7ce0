//! What a release of a small blog answers.

use super::*;
use crate::gather;
use release::{Encoding, Entry, Release};
use std::fs;
use std::io::Write;

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
        ("/", "<meta name=\"description\" content=\"A · B · C\">"),
        ("/archive", "<meta name=\"description\" content=\"归档 · &lt;墨&gt;\">"),
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
        // Shown when the API has something to suggest.
        ("/404", "<nav class=\"near\" aria-label=\"要找的或许是：\" hidden>"),
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

/// A picture that is large enough to have smaller forms.
fn photograph() -> Vec<u8> {
    let of = |value: u32| u8::try_from(value % 256).unwrap();
    let picture = image::RgbImage::from_fn(900, 300, |x, y| image::Rgb([of(x), of(y), of(x * y)]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// The addresses in the `srcset` of the post `/blog/a`.
fn offered(out: &Path) -> Vec<String> {
    let page = text(out, "/blog/a");
    let Some((_, rest)) = page.split_once("srcset=\"") else { return Vec::new() };
    let set = rest.split_once('"').unwrap().0;
    set.split(", ").map(|form| form.split_once(' ').unwrap().0.to_owned()).collect()
}

fn type_of(out: &Path, route: &str) -> String {
    let release = Release::open(out).unwrap();
    match release.index().entries.get(route) {
        Some(Entry::File(file)) => file.content_type.clone(),
        _ => panic!("no file at {route}"),
    }
}

#[test]
fn every_smaller_form_that_a_page_offers_is_there() {
    let (content, out) = (blog(), tempfile::tempdir().unwrap());
    fs::write(content.path().join("p.png"), photograph()).unwrap();

    built(content.path(), out.path());

    let offered = offered(out.path());
    assert_eq!(offered.len(), 3);
    for route in &offered {
        assert_eq!(type_of(out.path(), route), "image/webp");
    }
    assert!(!text(out.path(), "/feed.xml").contains("srcset"), "feeds show the picture itself");
    let again = built(content.path(), out.path());
    assert_eq!((again.written.changed, again.written.files_written), (false, 0));
}

#[test]
fn a_picture_that_cannot_be_read_is_answered_as_it_is() {
    let (content, out) = (blog(), tempfile::tempdir().unwrap());
    fs::write(content.path().join("p.png"), [PNG, &[0; 5000]].concat()).unwrap();

    built(content.path(), out.path());

    let offered = offered(out.path());
    assert_eq!(offered.len(), 1);
    assert_eq!(type_of(out.path(), &offered[0]), "image/png");
}

#[test]
fn a_blog_may_do_without_smaller_forms() {
    let (content, out) = (blog(), tempfile::tempdir().unwrap());
    fs::write(content.path().join("p.png"), photograph()).unwrap();
    fs::write(content.path().join("site.toml"), "picture_variants = false").unwrap();

    built(content.path(), out.path());

    assert!(offered(out.path()).is_empty());
    let release = Release::open(out.path()).unwrap();
    assert!(release.index().files().all(|file| file.content_type != "image/webp"));
}

#[test]
fn another_folder_s_release_lends_what_it_has_drawn() {
    let (content, out) = (blog(), tempfile::tempdir().unwrap());
    fs::write(content.path().join("p.png"), photograph()).unwrap();
    built(content.path(), out.path());
    let (earlier, next) = (Release::open(out.path()).unwrap(), tempfile::tempdir().unwrap());
    let gathered = gather(content.path(), "2022-01-01T00:00:00Z".parse().unwrap()).unwrap();

    let (content, compression) = (content.path(), Compression::Balanced);
    let built = build_after(content, &gathered, next.path(), compression, Some(&earlier)).unwrap();

    assert_eq!(built.written.id, earlier.index().id);
}

#[test]
fn a_comment_service_stands_below_every_post_and_nowhere_else() {
    let (content, out) = (blog(), tempfile::tempdir().unwrap());
    let settings = "[comments]\nscript = \"https://c.org/e.js\"\nelement = \"thread\"\n\
                    data = { isso = \"https://c.org/\", lang = \"zh\" }";
    fs::write(content.path().join("site.toml"), settings).unwrap();

    built(content.path(), out.path());

    let script = "<div id=\"thread\"></div>\n<script src=\"https://c.org/e.js\" async \
                  data-isso=\"https://c.org/\" data-lang=\"zh\"></script>";
    assert!(text(out.path(), "/blog/a").contains(script), "{}", text(out.path(), "/blog/a"));
    assert!(!text(out.path(), "/").contains("c.org"));
}

#[test]
fn the_blog_s_own_comments_stand_below_every_post_in_its_language() {
    let (content, out) = (blog(), tempfile::tempdir().unwrap());
    let english = "```yaml lw-blog-meta\ntitle: E\ndate: 2020-01-02\nbrev: s\nlang: en\n```\nHi.\n";
    fs::write(content.path().join("e.md"), english).unwrap();
    let settings = "[comments]\nprovider = \"inkstack\"";
    fs::write(content.path().join("site.toml"), settings).unwrap();

    built(content.path(), out.path());

    let (chinese, english) = (text(out.path(), "/blog/a"), text(out.path(), "/blog/e"));
    for (page, label) in [(&chinese, "名字"), (&english, "Name")] {
        let label = format!("<label>{label}<input type=\"text\" name=\"author\"");
        assert!(page.contains(&label), "{page}");
        assert!(page.contains("name=\"website\" tabindex=\"-1\""), "{page}");
        assert!(page.contains("<noscript>") && page.matches("<style").count() == 1, "{page}");
    }
    assert!(chinese.contains("data-path=\"blog/a.md\""), "{chinese}");
    assert!(!text(out.path(), "/").contains("/assets/comments."), "lists have no comments");
}

#[test]
fn scripts_and_style_of_a_post_with_comments_are_small() {
    let (content, out) = (blog(), tempfile::tempdir().unwrap());
    let settings = "[comments]\nprovider = \"inkstack\"";
    fs::write(content.path().join("site.toml"), settings).unwrap();

    built(content.path(), out.path());

    let page = text(out.path(), "/blog/a");
    let release = Release::open(out.path()).unwrap();
    let is_here = |route: &str| route.starts_with("/assets/") && page.contains(route);
    let files = release.index().entries.iter().filter(|(route, _)| is_here(route));
    let files: Vec<u64> = files.map(|(_, entry)| compressed(&release, entry)).collect();
    let within = |start: &str, end: &str| -> usize {
        let texts = page.split(start).skip(1).filter_map(|rest| rest.split_once(end));
        texts.map(|(text, _)| gzipped(text)).sum()
    };
    let scripts = files.iter().sum::<u64>() + within("<script>", "</script>") as u64;
    let styles = within("<style>", "</style>");
    assert_eq!(files.len(), 2);
    assert!((1..15_000).contains(&scripts), "{scripts}");
    assert!((1..15_000).contains(&styles), "{styles}");
}

fn gzipped(text: &str) -> usize {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap().len()
}

/// The size of a file as browsers without Brotli get it.
fn compressed(release: &Release, entry: &Entry) -> u64 {
    let Entry::File(file) = entry else { panic!("{entry:?} is no file") };
    let path = release.blob_path(&file.blob, Some(Encoding::Gzip));
    fs::metadata(path).unwrap().len()
}
