//! Comments: off, held, moderated, kept.

use crate::support::{TOKEN, TestApp, comments, header, names, spawn_embedded, spawn_set};
use domain::{Author, Comment, CommentId, CommentState, CommentText, PostPath, Sender};
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{MemoryTally, MongoSettings, StoreSettings};
use test_kit::{post, posts};

const COMMENTS: &str = "/api/v1/posts/blog/p000/comments";

/// An API over each kind of store that takes comments as `mode` says.
async fn spawn_taking(mode: &str) -> Vec<TestApp> {
    let folder = || tempfile::tempdir().unwrap();
    let file = folder();
    let mut stores = vec![(StoreSettings::Sqlite(file.path().join("blog.sqlite")), file)];
    if let Some(server) = test_kit::mongod() {
        let settings = MongoSettings { uri: server.uri().into(), database: server.database() };
        stores.push((StoreSettings::Mongo(settings), folder()));
    }
    let mut apps = Vec::new();
    for (store, folder) in stores {
        let tally = Arc::new(MemoryTally::default());
        let app = spawn_set(&store, Vec::new(), tally, folder, comments(mode)).await;
        app.register(1, &posts(2, 1)).await;
        apps.push(app);
    }
    apps
}

impl TestApp {
    /// Sends a comment as whoever sits at `address`, after the work; `change` may spoil it.
    async fn comment(&self, address: &str, change: impl FnOnce(&mut Value)) -> (StatusCode, Value) {
        let task = self.get("/api/v1/comments/challenge").await.1;
        let challenge = task["challenge"].as_str().unwrap();
        let mut body = json!({
            "author": "墨客",
            "text": "写得好 <b>&</b>",
            "challenge": challenge,
            "solution": solve(challenge, task["bits"].as_u64().unwrap()),
        });
        change(&mut body);
        let request = self.client.post(format!("{}{COMMENTS}", self.url));
        let request = request.header("x-forwarded-for", address).json(&body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Does something as whoever moderates.
    async fn moderate(&self, method: Method, path: &str) -> (StatusCode, Value) {
        let request = self.client.request(method, format!("{}/api/v1/admin/{path}", self.url));
        let answer = request.bearer_auth(TOKEN).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    async fn texts(&self) -> Vec<String> {
        let page = self.get(COMMENTS).await.1;
        let comments = page["comments"].as_array().unwrap().clone();
        comments.iter().map(|comment| comment["text"].as_str().unwrap().to_owned()).collect()
    }
}

/// As a browser's script does it.
fn solve(challenge: &str, bits: u64) -> String {
    use sha2::{Digest, Sha256};
    let is_solved = |number: &u64| {
        let hash = Sha256::digest(format!("{challenge}.{number}"));
        u64::from(u64::from_be_bytes(hash[..8].try_into().unwrap()).leading_zeros()) >= bits
    };
    (0..1_000_000_u64).find(is_solved).unwrap().to_string()
}

#[tokio::test]
async fn comments_are_off_unless_somebody_wants_them() {
    let app = spawn_embedded().await;
    app.register(1, &posts(1, 1)).await;

    for (method, path) in [
        (Method::GET, COMMENTS),
        (Method::POST, COMMENTS),
        (Method::GET, "/api/v1/comments/challenge"),
        (Method::GET, "/api/v1/admin/comments"),
        (Method::DELETE, "/api/v1/admin/comments/0123456789abcdef0123456789abcdef"),
    ] {
        let request = app.client.request(method, format!("{}{path}", app.url)).bearer_auth("");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "comments_off", "{path}");
    }
}

#[tokio::test]
async fn nothing_of_a_held_comment_is_seen_before_somebody_has_looked_at_it() {
    for app in spawn_taking("held").await {
        let before = app.ask(COMMENTS, &[]).await;
        let etag = header(&before, "etag").to_owned();

        let (status, receipt) = app.comment("1.1.1.1", |_| ()).await;

        assert_eq!((status, &receipt["state"]), (StatusCode::ACCEPTED, &"held".into()));
        let id = receipt["id"].as_str().unwrap();
        for path in [
            COMMENTS,
            "/api/v1/posts",
            "/api/v1/posts/blog/p000",
            "/api/v1/site",
            "/api/v1/search?q=%E5%86%99%E5%BE%97%E5%A5%BD",
        ] {
            let answer = app.ask(path, &[]).await.text().await.unwrap();
            assert!(!answer.contains("写得好") && !answer.contains(id), "{path}: {answer}");
        }
        let same = app.ask(COMMENTS, &[("if-none-match", &etag)]).await;
        assert_eq!(same.status(), StatusCode::NOT_MODIFIED, "not even that there is something");

        let held = app.moderate(Method::GET, "comments?state=held").await.1;
        assert_eq!(held["comments"][0]["id"], id);
        let (status, _) = app.moderate(Method::POST, &format!("comments/{id}/approve")).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let page = app.get(COMMENTS).await.1;
        let expected = json!({ "id": id, "author": "墨客", "text": "写得好 <b>&</b>",
            "at": held["comments"][0]["at"] });
        assert_eq!(page, json!({ "comments": [expected], "next": null }));
        assert!(!page.to_string().contains("sender"));
        let (status, _) = app.moderate(Method::DELETE, &format!("comments/{id}")).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert!(app.texts().await.is_empty());
        let (status, problem) = app.moderate(Method::DELETE, &format!("comments/{id}")).await;
        assert_eq!((status.as_u16(), &problem["code"]), (404, &"comment_not_found".into()));
    }
}

#[tokio::test]
async fn what_is_no_comment_is_refused_and_a_robot_is_told_what_it_likes_to_hear() {
    for app in spawn_taking("open").await {
        let refused = async |change: fn(&mut Value)| {
            let (status, problem) = app.comment("1.1.1.1", change).await;
            format!("{} {}", status.as_u16(), problem["code"].as_str().unwrap_or("-"))
        };

        assert_eq!(refused(|body| body["text"] = json!("  ")).await, "400 bad_body");
        assert_eq!(refused(|body| body["text"] = json!(1)).await, "400 bad_body");
        assert_eq!(refused(|body| body["mail"] = json!("a@b")).await, "400 bad_body");
        let links = |body: &mut Value| body["text"] = json!("http://a http://b http://c");
        assert_eq!(refused(links).await, "400 bad_body");
        assert_eq!(refused(|body| body["author"] = json!("a\nb")).await, "400 bad_body");
        assert_eq!(refused(|body| body["solution"] = json!("x")).await, "403 bad_challenge");
        assert_eq!(
            refused(|body| body["challenge"] = json!("a.1.0.ff")).await,
            "403 bad_challenge"
        );
        let large = |body: &mut Value| body["text"] = json!("a".repeat(40_000));
        assert_eq!(refused(large).await, "413 body_too_large");
        assert_eq!(refused(|body| body["website"] = json!("http://spam.example")).await, "201 -");
        let url = format!("{}{COMMENTS}", app.url);
        let form = app.client.post(&url).header("content-type", "text/plain").body("{}");
        assert_eq!(form.send().await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let foreign = app.client.post(&url).header("origin", "https://evil.example");
        assert_eq!(foreign.json(&json!({})).send().await.unwrap().status(), StatusCode::FORBIDDEN);
        let (status, problem) = app.get("/api/v1/posts/blog/none/comments").await;
        assert_eq!((status.as_u16(), &problem["code"]), (404, &"post_not_found".into()));

        assert!(app.texts().await.is_empty());
        assert_eq!(app.moderate(Method::GET, "comments").await.1["comments"], json!([]));
    }
}

#[tokio::test]
async fn a_challenge_is_good_for_one_comment_and_a_reader_for_a_few() {
    for app in spawn_taking("open").await {
        let mut first = Value::Null;
        let (status, _) = app.comment("1.1.1.1", |body| first = body.clone()).await;
        assert_eq!(status, StatusCode::CREATED);

        let other = |body: &mut Value| {
            *body = first.clone();
            body["text"] = json!("another");
        };
        let (status, problem) = app.comment("1.1.1.2", other).await;
        assert_eq!((status.as_u16(), &problem["code"]), (409, &"challenge_used".into()));
        for _ in 0..2 {
            assert_eq!(app.comment("1.1.1.1", |_| ()).await.0, StatusCode::CREATED);
        }
        let (status, problem) = app.comment("1.1.1.1", |_| ()).await;
        assert_eq!((status.as_u16(), &problem["code"]), (429, &"too_many_comments".into()));
        assert_eq!(app.comment("1.1.1.3", |_| ()).await.0, StatusCode::CREATED);
        assert_eq!(app.texts().await.len(), 4);
        let page = app.get(&format!("{COMMENTS}?limit=3")).await.1;
        let next = page["next"].as_str().unwrap();
        let rest = app.get(&format!("{COMMENTS}?after={next}")).await.1;
        assert_eq!(rest["comments"].as_array().unwrap().len(), 1);
        assert!(rest["next"].is_null());
    }
}

#[tokio::test]
async fn whoever_sends_a_comment_again_is_answered_as_the_first_time_though_it_was_the_last() {
    for app in spawn_taking("held").await {
        let mut last = Value::Null;
        for _ in 0..2 {
            app.comment("1.1.1.1", |_| ()).await;
        }
        let first = app.comment("1.1.1.1", |body| last = body.clone()).await;
        assert_eq!(first.0, StatusCode::ACCEPTED);
        assert_eq!(app.comment("1.1.1.1", |_| ()).await.1["code"], "too_many_comments");

        assert_eq!(app.comment("1.1.1.1", |body| *body = last.clone()).await, first);
        // The reader's telephone has left the house.
        assert_eq!(app.comment("1.1.1.2", |body| *body = last.clone()).await, first);

        let held = app.moderate(Method::GET, "comments?state=held").await.1;
        assert_eq!(held["comments"].as_array().unwrap().len(), 3, "it is there once");
        for field in ["author", "text"] {
            let change = |body: &mut Value| {
                *body = last.clone();
                body[field] = json!("another");
            };
            assert_eq!(app.comment("1.1.1.1", change).await.1["code"], "too_many_comments");
        }
        let id = first.1["id"].as_str().unwrap();
        app.moderate(Method::POST, &format!("comments/{id}/approve")).await;
        assert_eq!(app.comment("1.1.1.1", |body| *body = last.clone()).await, first);
        app.moderate(Method::DELETE, &format!("comments/{id}")).await;
        let (status, _) = app.comment("1.1.1.1", |body| *body = last.clone()).await;
        assert_eq!(status, StatusCode::ACCEPTED, "its place was free again");
    }
}

/// A challenge that was issued eleven minutes ago.
fn late_challenge(id: CommentId) -> String {
    let key = blake3::derive_key("inkstack 2026 comment challenges", TOKEN.as_bytes());
    let at = Timestamp::now().as_millisecond() - 11 * 60 * 1000;
    let signed = format!("{id}.{at}.0");
    format!("{signed}.{}", blake3::keyed_hash(&key, signed.as_bytes()).to_hex())
}

#[tokio::test]
async fn whoever_sends_a_comment_again_too_late_is_answered_if_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let settings = StoreSettings::Sqlite(folder.path().join("blog.sqlite"));
    let (store, tally) = (settings.comments().await.unwrap(), Arc::new(MemoryTally::default()));
    let app = spawn_set(&settings, Vec::new(), tally, folder, comments("held")).await;
    app.register(1, &posts(2, 1)).await;
    let id = CommentId::new([7; 16]);
    let kept = Comment {
        id,
        path: PostPath::parse("blog/p000.md").unwrap(),
        author: Author::parse("墨客").unwrap(),
        text: CommentText::parse("好").unwrap(),
        at: Timestamp::UNIX_EPOCH,
        state: CommentState::Held,
        sender: Sender::new([1; 16]),
    };
    store.add(&kept).await.unwrap();
    let send = async |id, text: &str| {
        let challenge = late_challenge(id);
        let late = |body: &mut Value| {
            *body =
                json!({ "author": "墨客", "text": text, "challenge": challenge, "solution": "0" });
        };
        app.comment("1.1.1.1", late).await
    };

    let (status, receipt) = send(id, "好").await;
    assert_eq!((status, &receipt["id"]), (StatusCode::ACCEPTED, &id.to_string().into()));
    for (id, text) in [(id, "another"), (CommentId::new([8; 16]), "好")] {
        let (status, problem) = send(id, text).await;
        assert_eq!((status.as_u16(), &problem["code"]), (403, &"bad_challenge".into()));
    }
    let held = app.moderate(Method::GET, "comments?state=held").await.1;
    assert_eq!(held["comments"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_moderates_without_the_token() {
    for app in spawn_taking("held").await {
        app.comment("1.1.1.1", |_| ()).await;
        let id = app.moderate(Method::GET, "comments").await.1["comments"][0]["id"].clone();
        let id = id.as_str().unwrap();

        for (method, path) in [
            (Method::GET, "comments".to_owned()),
            (Method::GET, "comments/export".to_owned()),
            (Method::DELETE, "comments?of=blog/p000".to_owned()),
            (Method::DELETE, format!("comments/{id}")),
            (Method::POST, format!("comments/{id}/approve")),
            (Method::POST, format!("comments/{id}/ban")),
            (Method::GET, "bans".to_owned()),
            (Method::DELETE, format!("bans/{id}")),
        ] {
            let url = format!("{}/api/v1/admin/{path}", app.url);
            for token in [None, Some(""), Some("wrong"), Some(&TOKEN[1..])] {
                let request = app.client.request(method.clone(), &url);
                let request = match token {
                    Some(token) => request.bearer_auth(token),
                    None => request,
                };
                let answer = request.send().await.unwrap();
                assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path} {token:?}");
                assert_eq!(header(&answer, "www-authenticate"), "Bearer");
            }
            let basic = app.client.request(method, &url).basic_auth("admin", Some(TOKEN));
            assert_eq!(basic.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{path}");
        }
        assert_eq!(app.moderate(Method::GET, "comments").await.1["comments"][0]["id"], id);
    }
}

#[tokio::test]
async fn whoever_is_banned_writes_no_more_until_they_are_pardoned() {
    for app in spawn_taking("held").await {
        let receipt = app.comment("1.1.1.1", |_| ()).await.1;
        app.comment("1.1.1.2", |_| ()).await;

        let id = receipt["id"].as_str().unwrap();
        let (status, ban) = app.moderate(Method::POST, &format!("comments/{id}/ban")).await;

        assert_eq!(status, StatusCode::OK);
        let (status, problem) = app.comment("1.1.1.1", |_| ()).await;
        assert_eq!((status.as_u16(), &problem["code"]), (403, &"banned".into()));
        let left = app.moderate(Method::GET, "comments").await.1;
        assert_eq!(left["comments"].as_array().unwrap().len(), 1);
        let bans = app.moderate(Method::GET, "bans").await.1;
        assert_eq!(bans["bans"][0]["sender"], ban["sender"]);
        let path = format!("bans/{}", ban["sender"].as_str().unwrap());
        assert_eq!(app.moderate(Method::DELETE, &path).await.0, StatusCode::NO_CONTENT);
        assert_eq!(app.comment("1.1.1.1", |_| ()).await.0, StatusCode::ACCEPTED);
    }
}

#[tokio::test]
async fn comments_outlive_their_post_until_they_are_purged() {
    for app in spawn_taking("open").await {
        app.comment("1.1.1.1", |_| ()).await;
        app.register(2, &[post("other", "2020-01-01", &[], 1)]).await;

        assert_eq!(app.get(COMMENTS).await.1["code"], "post_not_found");
        let url = format!("{}/api/v1/admin/comments/export", app.url);
        let export = app.client.get(&url).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(header(&export, "content-type"), "application/x-ndjson");
        let export = export.text().await.unwrap();
        let lines: Vec<Value> =
            export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 1);
        assert_eq!(
            (&lines[0]["path"], &lines[0]["author"]),
            (&"blog/p000.md".into(), &"墨客".into())
        );
        assert!(lines[0]["at"].as_str().unwrap().parse::<Timestamp>().is_ok());
        app.register(3, &posts(2, 3)).await;
        assert_eq!(app.texts().await.len(), 1, "the post is back, and so is what was said");

        let purged = app.moderate(Method::DELETE, "comments?of=blog/p000").await.1;

        assert_eq!(purged, json!({ "comments": 1 }));
        assert!(app.texts().await.is_empty());
    }
}

#[tokio::test]
async fn a_post_may_be_called_comments() {
    for app in spawn_taking("open").await {
        let mut all = posts(1, 1);
        all.push(post("p000/comments", "2019-01-01", &[], 1));
        app.register(2, &all).await;

        let found = app.get(COMMENTS).await.1;

        assert_eq!(names(&json!([found])), ["p000/comments"]);
    }
}
