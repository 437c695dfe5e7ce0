//! Lists and single posts.

use crate::support::{header, names, spawn_apps};
use test_kit::{post, posts};

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    for app in spawn_apps().await {
        app.register(1, &posts(5, 1)).await;

        let mut listed = Vec::new();
        let mut path = "/api/v1/posts?limit=2".to_owned();
        loop {
            let (status, page) = app.get(&path).await;
            assert_eq!(status, 200);
            listed.extend(names(&page["posts"]).into_iter().map(str::to_owned));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/api/v1/posts?limit=2&after={next}");
        }

        assert_eq!(listed, ["p004", "p003", "p002", "p001", "p000"]);
    }
}

#[tokio::test]
async fn filters_hold_together_and_a_misspelt_one_is_refused() {
    for app in spawn_apps().await {
        let mut all = posts(3, 1);
        all.push(post("旧", "2019-01-01", &["C++与缓存"], 1));
        all[0].summary.series = Some("ink & paper".into());
        app.register(1, &all).await;

        let list = async |query: &str| app.get(&format!("/api/v1/posts?{query}")).await;
        assert_eq!(names(&list("tag=even&year=2020").await.1["posts"]), ["p002", "p000"]);
        assert_eq!(names(&list("tag=C%2B%2B%E4%B8%8E%E7%BC%93%E5%AD%98").await.1["posts"]), ["旧"]);
        assert_eq!(names(&list("series=ink%20%26%20paper").await.1["posts"]), ["p002"]);
        assert!(names(&list("tag=nobody").await.1["posts"]).is_empty());
        for bad in [
            "tga=go",
            "limit=0",
            "limit=101",
            "limit=x",
            "after=x",
            "year=soon",
            "tag=a%2Fb",
            "tag=a&tag=b",
            "sort=worst",
        ] {
            let (status, problem) = list(bad).await;
            assert_eq!(status, 400, "{bad}");
            assert_eq!(problem["code"], "bad_parameter", "{bad}");
        }
    }
}

#[tokio::test]
async fn a_post_is_found_by_its_chinese_path() {
    for app in spawn_apps().await {
        let mut all = posts(3, 1);
        all[1] = post("191013-使用Gitlab-CI部署集群", "2020-01-02", &["运维"], 1);
        app.register(1, &all).await;
        let encoded = "/api/v1/posts/blog/191013-%E4%BD%BF%E7%94%A8Gitlab-CI%E9%83%A8%E7%BD%B2%E9%9B%86%E7%BE%A4";

        let (status, found) = app.get(encoded).await;
        let (_, with_suffix) = app.get(&format!("{encoded}.md")).await;

        assert_eq!(status, 200);
        assert_eq!(found, with_suffix);
        assert_eq!(found["path"], "blog/191013-使用Gitlab-CI部署集群.md");
        assert_eq!(found["url"], encoded.trim_start_matches("/api/v1/posts"));
        assert_eq!(found["outline"][0]["text"], "部署");
        assert_eq!(found["previous"]["path"], "blog/p000.md");
        assert_eq!(found["next"]["path"], "blog/p002.md");
        assert!(found.get("text").is_none(), "a page has the text; the API need not repeat it");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    for app in spawn_apps().await {
        app.register(1, &posts(1, 1)).await;

        for (path, status, code) in [
            ("/api/v1/posts/blog/nothing", 404, "post_not_found"),
            ("/api/v1/posts/blog/%5Csecret", 400, "bad_path"),
            ("/api/v1/posts/%FF", 400, "bad_path"),
            ("/api/v1/nothing", 404, "not_found"),
            ("/", 404, "not_found"),
        ] {
            let answer = app.ask(path, &[]).await;
            assert_eq!(answer.status(), status, "{path}");
            assert_eq!(header(&answer, "content-type"), "application/problem+json", "{path}");
            assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
            let problem: serde_json::Value = answer.json().await.unwrap();
            assert_eq!(problem["code"], code, "{path}");
            assert_eq!(problem["status"], status, "{path}");
        }
        let posted = app.client.post(format!("{}/api/v1/posts", app.url)).send().await.unwrap();
        assert_eq!(posted.status(), 405);
        assert_eq!(header(&posted, "allow"), "GET, HEAD, OPTIONS");
        assert_eq!(header(&posted, "content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again_until_the_release_changes() {
    for app in spawn_apps().await {
        app.register(1, &posts(2, 1)).await;
        let first = app.ask("/api/v1/posts", &[]).await;
        let etag = header(&first, "etag").to_owned();

        let known = app.ask("/api/v1/posts", &[("if-none-match", &etag)]).await;
        let weak =
            app.ask("/api/v1/posts", &[("if-none-match", &format!("\"x\", W/{etag}"))]).await;
        app.register(2, &posts(3, 2)).await;
        let changed = app.ask("/api/v1/posts", &[("if-none-match", &etag)]).await;

        assert_eq!(
            (known.status(), weak.status()),
            (reqwest::StatusCode::NOT_MODIFIED, known.status())
        );
        assert_eq!(header(&known, "etag"), etag);
        assert_eq!(known.bytes().await.unwrap().len(), 0);
        assert_eq!(changed.status(), 200);
        assert_ne!(header(&changed, "etag"), etag);
        assert_eq!(header(&changed, "x-release"), test_kit::release_id(2).to_string());
    }
}

#[tokio::test]
async fn a_head_request_gets_the_headers_alone() {
    for app in spawn_apps().await {
        app.register(1, &posts(2, 1)).await;
        let length = app.ask("/api/v1/posts", &[]).await.bytes().await.unwrap().len();

        let head = app.client.head(format!("{}/api/v1/posts", app.url)).send().await.unwrap();

        assert_eq!(head.status(), 200);
        assert_eq!(header(&head, "content-length"), length.to_string());
    }
}
