//! Related posts, and posts near an address that leads nowhere.

use crate::support::{TestApp, names, spawn_apps};
use domain::Post;
use test_kit::{post, posts};

/// Three posts of which two are about one thing, among twelve others.
fn blog() -> Vec<Post> {
    let mut all: Vec<Post> = posts(12, 1);
    for post in &mut all {
        post.text = String::new();
        post.detail.outline = Vec::new();
    }
    for (name, day, text) in [
        ("191014-Redis缓存", "2019-10-14", "缓存穿透与雪崩，缓存穿透与雪崩"),
        ("191013-使用Gitlab-CI部署集群", "2019-10-13", "集群 集群"),
        ("191012-Memcached", "2019-10-12", "缓存雪崩，缓存雪崩"),
    ] {
        let mut one = post(name, day, &["服务"], 1);
        one.text = text.into();
        one.summary.brev = String::new();
        all.push(one);
    }
    all
}

async fn related(app: &TestApp, path: &str) -> Vec<String> {
    let (status, found) = app.get(&format!("/api/v1/posts/blog/{path}")).await;
    assert_eq!(status, 200, "{found}");
    names(found.get("related").unwrap_or(&found["posts"])).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_post_names_those_that_have_most_in_common_with_it() {
    for app in spawn_apps().await {
        app.register(1, &blog()).await;
        let redis = "191014-Redis%E7%BC%93%E5%AD%98";

        let of_post = related(&app, redis).await;
        let alone = related(&app, &format!("{redis}/related")).await;
        let one = related(&app, &format!("{redis}.md/related?limit=1")).await;

        assert_eq!(of_post[..2], ["191012-Memcached", "191013-使用Gitlab-CI部署集群"]);
        assert_eq!(alone, of_post);
        assert_eq!(one, ["191012-Memcached"]);
        let (status, problem) = app.get("/api/v1/posts/blog/none/related").await;
        assert_eq!((status.as_u16(), &problem["code"]), (404, &"post_not_found".into()));
        let (status, problem) = app.get("/api/v1/posts/blog/p000/related?limit=21").await;
        assert_eq!((status.as_u16(), &problem["code"]), (400, &"bad_parameter".into()));
    }
}

#[tokio::test]
async fn the_next_release_relates_anew_and_a_post_may_be_called_related() {
    for app in spawn_apps().await {
        app.register(1, &blog()).await;
        assert_eq!(related(&app, "191012-Memcached/related?limit=1").await, ["191014-Redis缓存"]);
        let mut next = blog();
        next.retain(|post| !post.summary.path.as_str().contains("Redis"));
        next.push(post("191012-Memcached/related", "2018-01-01", &[], 2));
        app.register(2, &next).await;

        let (status, found) = app.get("/api/v1/posts/blog/191012-Memcached/related").await;
        assert_eq!(
            (status.as_u16(), &found["path"]),
            (200, &"blog/191012-Memcached/related.md".into())
        );
        let found = related(&app, "191012-Memcached").await;
        assert!(!found.contains(&"191014-Redis缓存".to_owned()), "{found:?}");
    }
}

#[tokio::test]
async fn an_address_that_leads_nowhere_has_near_ones() {
    for app in spawn_apps().await {
        app.register(1, &blog()).await;
        let nearest = async |path: &str| app.get(&format!("/api/v1/nearest?path={path}")).await;

        let (_, found) =
            nearest("%2Fblog%2Fpage%2F2019%2F191013-gitlab-ci%E9%83%A8%E7%BD%B2").await;
        assert_eq!(names(&found["posts"]), ["191013-使用Gitlab-CI部署集群"]);
        let (_, found) = nearest("/wp-login.php").await;
        assert_eq!(found["posts"], serde_json::json!([]));
        for bad in ["", &"a".repeat(513)] {
            assert_eq!(nearest(bad).await.1["code"], "bad_parameter");
        }
    }
}
