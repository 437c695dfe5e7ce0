//! Counts, search, site, release, ids, health.

use crate::support::{header, spawn_apps, spawn_embedded};
use test_kit::posts;

#[tokio::test]
async fn tags_years_series_and_the_site_are_counted() {
    for app in spawn_apps().await {
        let mut all = posts(3, 1);
        all[0].summary.series = Some("ink".into());
        app.register(1, &all).await;

        let tags = app.get("/api/v1/tags").await.1;
        assert_eq!(tags["tags"][0], serde_json::json!({ "tag": "all", "posts": 3 }));
        assert_eq!(tags["tags"][1], serde_json::json!({ "tag": "even", "posts": 2 }));
        let archive = app.get("/api/v1/archive").await.1;
        assert_eq!(archive["years"], serde_json::json!([{ "year": 2020, "posts": 3 }]));
        let series = app.get("/api/v1/series").await.1;
        assert_eq!(series["series"], serde_json::json!([{ "series": "ink", "posts": 1 }]));
        let site = app.get("/api/v1/site").await.1;
        let expected = serde_json::json!({ "title": "墨栈", "posts": 3, "tags": 3, "series": 1 });
        assert_eq!(site, expected);
        let release = app.get("/api/v1/release").await.1;
        assert_eq!((&release["number"], &release["posts"]), (&1.into(), &3.into()));
    }
}

#[tokio::test]
async fn a_search_finds_chinese_and_english_in_pages() {
    for app in spawn_apps().await {
        app.register(1, &posts(12, 1)).await;

        let (status, page) = app.get("/api/v1/search?q=%E5%A2%A8%E6%A0%88&limit=10").await;
        assert_eq!((status.as_u16(), &page["total"]), (200, &12.into()));
        assert_eq!(page["hits"].as_array().unwrap().len(), 10);
        assert!(page["hits"][0]["snippet"].as_str().unwrap().contains("<mark>墨栈</mark>"));
        let next = page["next"].as_str().unwrap();
        let rest = app.get(&format!("/api/v1/search?q=%E5%A2%A8%E6%A0%88&after={next}")).await.1;
        assert_eq!(rest["hits"].as_array().unwrap().len(), 2);
        assert!(rest["next"].is_null());
        let one = app.get("/api/v1/search?q=TITLE%20p003&tag=odd").await.1;
        assert_eq!(one["hits"][0]["post"]["url"], "/blog/p003");
        assert_eq!(one["hits"][0]["title"], "<mark>Title</mark> of <mark>p003</mark>");
        assert_eq!(app.get("/api/v1/search").await.1["code"], "bad_parameter");
    }
}

#[tokio::test]
async fn a_query_can_filter_exclude_and_be_mistyped() {
    for app in spawn_apps().await {
        app.register(1, &posts(4, 1)).await;
        let total = async |query: &str| {
            app.get(&format!("/api/v1/search?q={query}")).await.1["total"].as_u64()
        };

        assert_eq!(total("%22Text%20of%22%20-p001%20tag%3Aodd%20year%3A2020").await, Some(1));
        assert_eq!(total("year%3A2019").await, Some(0));
        let mistyped = app.get("/api/v1/search?q=verison").await.1;
        assert_eq!((&mistyped["corrected"], &mistyped["total"]), (&"version".into(), &4.into()));
        assert!(app.get("/api/v1/search?q=version").await.1["corrected"].is_null());
    }
}

#[tokio::test]
async fn titles_and_tags_are_suggested_as_one_types() {
    for app in spawn_apps().await {
        app.register(1, &posts(3, 1)).await;

        let found = app.get("/api/v1/suggest?q=P00&limit=2").await.1;

        assert_eq!(found["tags"], serde_json::json!([]));
        let first = serde_json::json!({
            "title": "Title of p002", "url": "/blog/p002", "date": "2020-01-03"
        });
        assert_eq!(found["posts"][0], first);
        assert_eq!(found["posts"].as_array().unwrap().len(), 2);
        let tags = app.get("/api/v1/suggest?q=e").await.1["tags"].clone();
        assert_eq!(tags, serde_json::json!([{ "tag": "even", "url": "/tags/even", "posts": 2 }]));
        assert_eq!(app.get("/api/v1/suggest").await.1["code"], "bad_parameter");
        let long = format!("/api/v1/suggest?q={}", "a".repeat(101));
        assert_eq!(app.get(&long).await.1["code"], "bad_parameter");
    }
}

#[tokio::test]
async fn a_request_keeps_the_id_that_the_gateway_gave_it() {
    let app = spawn_embedded().await;

    let kept = app.ask("/api/v1/posts", &[("x-request-id", "a-1")]).await;
    let made = app.ask("/api/v1/posts", &[("x-request-id", "a b")]).await;

    assert_eq!(header(&kept, "x-request-id"), "a-1");
    assert_eq!(header(&made, "x-request-id").len(), 32);
}

#[tokio::test]
async fn before_the_first_release_it_is_alive_and_not_ready() {
    for app in spawn_apps().await {
        let status = async |path: &str| {
            app.client.get(format!("{}{path}", app.admin)).send().await.unwrap().status().as_u16()
        };

        let early = app.ask("/api/v1/posts", &[]).await;

        assert_eq!(early.status(), 503);
        assert!(!header(&early, "retry-after").is_empty());
        assert!(early.text().await.unwrap().contains("nothing_registered"));
        assert_eq!((status("/livez").await, status("/readyz").await), (200, 503));
        app.register(1, &posts(1, 1)).await;
        assert_eq!(status("/readyz").await, 200);
        let metrics = app.client.get(format!("{}/metrics", app.admin)).send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        assert!(
            metrics.contains("http_requests_total{route=\"posts\",status=\"503\"} 1"),
            "{metrics}"
        );
    }
}

#[tokio::test]
async fn it_stops_when_it_is_told_to() {
    let mut app = spawn_embedded().await;
    app.register(1, &posts(1, 1)).await;

    app.stop.take().unwrap().send(()).unwrap();

    app.stopped.await.unwrap().unwrap();
}
