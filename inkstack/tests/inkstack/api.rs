//! The API behind the gateway, as browsers meet it.

use crate::support::{Blog, example};
use reqwest::StatusCode;

#[tokio::test]
async fn a_browser_on_the_blogs_own_page_may_write_and_one_elsewhere_may_not() {
    let blog = Blog::serve(&example()).await;
    let list = blog.json("/api/v1/posts?limit=1").await;
    let url =
        format!("{}/api/v1/posts{}/views", blog.url, list["posts"][0]["url"].as_str().unwrap());
    let post = async |origin: &str, site: &str, host: Option<&str>| {
        let request = blog.client.post(&url).header("user-agent", "Mozilla/5.0 Firefox/140.0");
        let request = request.header("origin", origin).header("sec-fetch-site", site);
        let request = match host {
            Some(host) => request.header("host", host),
            None => request,
        };
        request.send().await.unwrap().status()
    };

    assert_eq!(post(&blog.url, "same-origin", None).await, StatusCode::OK);
    let (own, host) = ("https://ink.example", Some("ink.example"));
    assert_eq!(post(own, "same-origin", host).await, StatusCode::OK, "TLS ends before the gateway");
    for (origin, site, host) in [
        ("https://evil.example", "cross-site", None),
        ("https://evil.example", "same-origin", host),
        ("https://other.ink.example", "same-site", host),
        ("null", "cross-site", None),
    ] {
        assert_eq!(post(origin, site, host).await, StatusCode::FORBIDDEN, "{origin} {site}");
    }
    let claimed = blog.client.post(&url).header("origin", "https://evil.example");
    let claimed = claimed.header("x-forwarded-host", "evil.example").send().await.unwrap();
    assert_eq!(claimed.status(), StatusCode::FORBIDDEN, "what a client claims is not passed on");
}

#[tokio::test]
async fn the_page_to_try_the_api_runs_under_its_policy_and_shows_every_operation() {
    let Some(browser) = test_kit::browser() else { return };
    let blog = Blog::serve(&example()).await;
    let page = blog.get("/api/v1/docs").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let document = blog.json("/api/v1/openapi.json").await;

    let url = format!("{}/api/v1/docs", blog.url);
    let shown = tokio::task::spawn_blocking(move || test_kit::dump_dom(&browser, &url)).await;

    let shown = shown.unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(shown.contains(&format!("<code>{path}</code>")), "{path} is missing in {shown}");
    }
    assert!(shown.contains("<button>Send</button>"), "{shown}");
    assert!(!shown.contains("//cdn") && !shown.contains("src=\"http"), "{shown}");
}
