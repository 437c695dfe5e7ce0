//! A real browser on a running stack.

use crate::support::{Blog, example};
use std::path::Path;
use std::process::Command;
use test_kit::{browser, dump_dom, node};

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
