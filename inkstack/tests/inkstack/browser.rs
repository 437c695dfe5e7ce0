//! A real browser on a running stack.

use crate::programs::{Ports, start};
use crate::support::{Blog, client, example, program, until_status};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use test_kit::{Process, browser, dump_dom, node};

#[tokio::test]
async fn home_a_post_and_a_tag_can_be_read_in_a_browser() {
    let Some(browser) = browser() else { return };
    let blog = Blog::serve(&example()).await;
    let list = blog.json("/api/v1/posts?limit=1").await;
    let post = &list["posts"][0];
    let (title, url) = (post["title"].as_str().unwrap(), post["url"].as_str().unwrap());
    let tag = post["tags"][0].as_str().unwrap();
    let open = async |path: String| {
        let (browser, url) = (browser.clone(), format!("{}{path}", blog.url));
        tokio::task::spawn_blocking(move || dump_dom(&browser, &url)).await.unwrap()
    };

    let home = open("/".into()).await;
    let page = open(url.into()).await;
    // The browser encodes the Chinese of a tag by itself.
    let tagged = open(format!("/tags/{tag}")).await;

    assert!(home.contains(title), "{home}");
    assert!(page.contains(title), "{page}");
    assert!(page.contains("<pre"), "the post shows code: {page}");
    assert!(tagged.contains(title) && tagged.contains(tag), "{tagged}");
}

/// Reading, keyboard, themes, no JavaScript, no API, accessibility, markup, feeds, links: see
/// `tests/browser/run.mjs`.
#[tokio::test]
async fn readers_of_every_kind_are_served() {
    let (Some(browser), Some((node, modules))) = (browser(), node()) else { return };
    let blog = Blog::serve(&example()).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/run.mjs");
    let mut run = Command::new(node);
    run.arg(script).arg(modules).arg(browser).arg(&blog.url);

    let output = tokio::task::spawn_blocking(move || run.output()).await.unwrap().unwrap();

    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Counting a reader, and what is left of a page and of the search without the API: see
/// `tests/browser/outage.mjs`.
#[tokio::test]
async fn readers_hardly_notice_that_the_api_is_killed() {
    let (Some(browser), Some((node, modules))) = (browser(), node()) else { return };
    // A count is seen soon after it was made.
    let set = [("API_COUNTS_AGE", "100ms"), ("API_COUNT_INTERVAL", "100ms")];
    let programs = Programs::start(&example(), &set).await;

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/outage.mjs");
    let mut reader = Command::new(node);
    reader.args([script.as_path(), &modules, &browser, Path::new(&programs.url)]);
    println!("{}", programs.read(reader));
}

/// Writing below a post, moderation, what cannot be taken, accessibility, and what is left without the
/// API: see `tests/browser/comments.mjs`.
#[tokio::test]
async fn comments_are_written_held_approved_and_read() {
    let (Some(browser), Some((node, modules))) = (browser(), node()) else { return };
    let content = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(content.path().join(name), text).unwrap();
    let post = |lang: &str, text: &str| {
        format!(
            "```yaml lw-blog-meta\ntitle: {lang}\ndate: \"2026-01-01\"\nbrev: b\nlang: {lang}\n```\n\n{text}\n"
        )
    };
    write("zh.md", &post("zh", "正文。"));
    write("en.md", &post("en", "Some text."));
    write("site.toml", "[comments]\nprovider = \"inkstack\"\n");
    let token = "0123456789abcdef0123456789abcdef";
    let set =
        [("API_COMMENTS", "held"), ("API_ADMIN_TOKEN", token), ("API_COMMENTS_PER_HOUR", "3")];
    let programs = Programs::start(content.path(), &set).await;

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/comments.mjs");
    let mut reader = Command::new(node);
    reader.args([script.as_path(), &modules, &browser, Path::new(&programs.url)]).arg(token);
    println!("{}", programs.read(reader));
}

/// The programs of a blog on this machine, with posts in a file.
struct Programs {
    url: String,
    api: Process,
    _others: [Process; 2],
    _folder: tempfile::TempDir,
}

impl Programs {
    /// Builds `content` and serves it; `set` are settings beside where each listens.
    async fn start(content: &Path, set: &[(&'static str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let release = folder.path().join("release").display().to_string();
        let built = Command::new(program("inkstack"))
            .args(["build", &content.display().to_string(), "--out", &release, "--no-compress"])
            .output()
            .unwrap();
        assert!(built.status.success(), "{built:?}");
        let ports = Ports::free();
        let mut vars = ports.listeners(&release);
        vars.push(("SQLITE_PATH", folder.path().join("blog.sqlite").display().to_string()));
        vars.push(("BLOG_STATIC_API", format!("127.0.0.1:{}", ports.api)));
        let mut vars: Vec<(&str, &str)> =
            vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
        vars.extend(set);
        let start = |name: &str| start(name, &vars, folder.path());
        let (pages, loader) = (start("blog-static"), start("content-loader"));
        assert_eq!(loader.wait(), 0);
        let (api, gateway) = (start("api"), start("gateway"));
        let url = format!("http://127.0.0.1:{}", ports.gateway);
        until_status(&client(), &format!("{url}/api/v1/posts"), 200).await;
        Self { url, api, _others: [pages, gateway], _folder: folder }
    }

    /// Runs the script `reader`, which must succeed, and kills the API when it says so.
    fn read(self, mut reader: Command) -> String {
        let mut reader = reader.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(reader.stdout.take().unwrap()).lines().map(Result::unwrap);
        let before: Vec<String> = lines.by_ref().take_while(|line| line != "kill it").collect();
        self.api.kill();
        writeln!(reader.stdin.take().unwrap(), "killed").unwrap();
        let after: Vec<String> = lines.collect();

        let said = [before, after].concat().join("\n");
        assert!(reader.wait().unwrap().success(), "{said}");
        said
    }
}
