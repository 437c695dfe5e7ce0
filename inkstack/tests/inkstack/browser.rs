//! A real browser on a running stack.

use crate::support::{Blog, example};
use test_kit::{browser, dump_dom};

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
