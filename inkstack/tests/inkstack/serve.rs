//! `inkstack serve`: everything in one process.

use crate::support::{Blog, example, program, until, until_status};
use std::process::Command;

#[tokio::test]
async fn the_example_can_be_read_listed_and_searched() {
    let blog = Blog::serve(&example()).await;

    let list = blog.json("/api/v1/posts?limit=100").await;
    let posts = list["posts"].as_array().unwrap();
    assert!(posts.len() >= 8, "{}", posts.len());
    for post in posts {
        let page = blog.get(post["url"].as_str().unwrap()).await;
        assert_eq!(page.status(), 200, "{post}");
        let page = page.text().await.unwrap();
        assert!(page.contains("</html>"), "{post}");
    }
    let raw = blog.get(&format!("{}.md", posts[0]["url"].as_str().unwrap())).await;
    assert!(raw.text().await.unwrap().starts_with("```"));
    for (path, status) in [
        ("/", 200),
        ("/tags", 200),
        ("/archive", 200),
        ("/about", 200),
        ("/feed.xml", 200),
        ("/sitemap.xml", 200),
        ("/robots.txt", 200),
        ("/nothing", 404),
        ("/_release/posts.ndjson", 404),
    ] {
        assert_eq!(blog.get(path).await.status(), status, "{path}");
    }
    let title = posts[0]["title"].as_str().unwrap();
    let query = [("q", title)];
    let url = format!("{}/api/v1/search", blog.url);
    let found = blog.client.get(url).query(&query).send().await.unwrap();
    let found: serde_json::Value = found.json().await.unwrap();
    assert_eq!(found["hits"][0]["post"]["url"], posts[0]["url"], "{found}");
}

#[tokio::test]
async fn a_post_that_is_written_appears_and_a_bad_one_is_named() {
    let content = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(content.path().join(name), text).unwrap();
    let post = |title: &str| {
        format!(
            "```yaml lw-blog-meta\ntitle: {title}\ndate: \"2026-01-01\"\nbrev: b\n```\n\ntext\n"
        )
    };
    write("260101-one.md", &post("First"));
    let blog = Blog::serve(content.path()).await;
    assert_eq!(blog.json("/api/v1/site").await["posts"], 1);

    write("260101-two.md", &post("Second"));
    write("bad.md", "```yaml lw-blog-meta\ntitle: [\n```\n");

    until_status(&blog.client, &format!("{}/blog/260101-two", blog.url), 200).await;
    let listed = async || (blog.json("/api/v1/site").await["posts"] == 2).then_some(());
    until("the new post in the API", listed).await;
    let named = async || blog.process.log().contains("bad.md:").then_some(());
    until("the diagnostic", named).await;
    assert!(blog.folder.path().join("state").is_dir());
}

#[tokio::test]
async fn comments_are_taken_if_the_environment_says_so() {
    let content = tempfile::tempdir().unwrap();
    let post = "```yaml lw-blog-meta\ntitle: One\ndate: \"2026-01-01\"\nbrev: b\n```\n\ntext\n";
    std::fs::write(content.path().join("one.md"), post).unwrap();
    let token = "0123456789abcdef0123456789abcdef";
    let set = [("API_COMMENTS", "open"), ("API_ADMIN_TOKEN", token)];
    let challenge = "/api/v1/comments/challenge";

    let silent = Blog::serve(content.path()).await;
    let open = Blog::serve_set(content.path(), &set).await;

    assert_eq!(silent.get(challenge).await.status(), 404);
    assert_eq!(open.get(challenge).await.status(), 200);
}

#[tokio::test]
async fn it_stops_when_it_is_interrupted() {
    let blog = Blog::serve(&example()).await;

    blog.process.signal("INT");

    assert_eq!(blog.process.wait(), 0);
}

#[tokio::test]
async fn what_cannot_be_served_says_why() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (empty, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let serve = |content: &std::path::Path, listen: &str| {
        let mut command = Command::new(program("inkstack"));
        command.arg("serve").arg(content).args(["--listen", listen]);
        let output = command.arg("--state").arg(state.path()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };

    let in_use = serve(&example(), &addr);
    let nothing = serve(empty.path(), "127.0.0.1:0");
    let nowhere = serve(&empty.path().join("nowhere"), "127.0.0.1:0");

    assert!(in_use.contains("GATEWAY_LISTEN") && in_use.contains("in use"), "{in_use}");
    assert!(nothing.contains("no post in"), "{nothing}");
    assert!(nowhere.contains("nowhere: no such folder"), "{nowhere}");
}
