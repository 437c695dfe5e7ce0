//! Methods, encodings, other sites.

use crate::support::{TestApp, header, spawn_embedded};
use reqwest::{Method, Response};
use test_kit::{post, posts};

async fn send(app: &TestApp, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = app.client.request(method, format!("{}{path}", app.url));
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_method_that_a_resource_has_not_is_a_problem_that_names_those_it_has() {
    let app = spawn_embedded().await;
    app.register(1, &posts(1, 1)).await;

    for (method, path, allow) in [
        (Method::POST, "/api/v1/posts", "GET, HEAD, OPTIONS"),
        (Method::DELETE, "/api/v1/posts/blog/p000", "GET, HEAD, OPTIONS"),
        (Method::PATCH, "/api/v1/posts/blog/p000/related", "GET, HEAD, OPTIONS"),
        (Method::PUT, "/api/v1/posts/blog/p000/views", "OPTIONS, POST"),
        (Method::GET, "/api/v1/posts/blog/p000/likes", "OPTIONS, POST"),
        (Method::TRACE, "/api/v1/search", "GET, HEAD, OPTIONS"),
    ] {
        let answer = send(&app, method.clone(), path, &[]).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "allow")), (405, allow), "{path}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json", "{path}");
        let asked = send(&app, Method::OPTIONS, path, &[]).await;
        assert_eq!((asked.status().as_u16(), header(&asked, "allow")), (204, allow), "{path}");
    }
}

#[tokio::test]
async fn what_is_encoded_badly_is_a_problem() {
    let app = spawn_embedded().await;
    app.register(1, &posts(1, 1)).await;

    for (path, code) in [
        ("/api/v1/posts/blog/100%25%zz", "bad_path"),
        ("/api/v1/posts/blog/%E5%A2", "bad_path"),
        ("/api/v1/posts/blog/%", "bad_path"),
        ("/api/v1/search?q=%FF", "bad_parameter"),
        ("/api/v1/search?q=100%", "bad_parameter"),
        ("/api/v1/posts?after=1~x.txt", "bad_parameter"),
        ("/api/v1/posts?after=99999999999999999999999999999999999999~x.md", "bad_parameter"),
        ("/api/v1/posts?sort=popular&after=-1", "bad_parameter"),
        ("/api/v1/search?q=a&after=65536", "bad_parameter"),
        ("/api/v1/search?q=a&limit=99999999999999999999", "bad_parameter"),
        ("/api/v1/tags?limit=1", "bad_parameter"),
    ] {
        let answer = raw(&app, path).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
        assert!(answer.contains("application/problem+json"), "{path}: {answer}");
        assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{path}: {answer}");
    }
}

/// The answer to an address that no library would send.
async fn raw(app: &TestApp, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let addr = app.url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: ink\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn pages_of_other_sites_may_read_and_not_write() {
    let app = spawn_embedded().await;
    app.register(1, &posts(1, 1)).await;
    let origin = ("origin", "https://elsewhere.example");
    let preflight = async |path: &str, method: &str| {
        let headers = [origin, ("access-control-request-method", method)];
        send(&app, Method::OPTIONS, path, &headers).await
    };

    for path in ["/api/v1/posts", "/api/v1/posts/blog/none", "/api/v1/none", "/api/v1/posts?x=1"] {
        let read = send(&app, Method::GET, path, &[origin]).await;
        assert_eq!(header(&read, "access-control-allow-origin"), "*", "{path}");
        assert!(header(&read, "access-control-expose-headers").contains("etag"), "{path}");
    }
    let known = preflight("/api/v1/posts", "GET").await;
    assert_eq!(known.status(), 204);
    assert_eq!(header(&known, "access-control-allow-origin"), "*");
    assert_eq!(header(&known, "access-control-allow-methods"), "GET, HEAD");
    assert!(header(&known, "access-control-allow-headers").contains("if-none-match"));
    let write = preflight("/api/v1/posts/blog/p000/views", "POST").await;
    assert_eq!(header(&write, "access-control-allow-methods"), "GET, HEAD");
    let written = send(&app, Method::POST, "/api/v1/posts/blog/p000/views", &[origin]).await;
    assert_eq!(written.status(), 403);
    assert_eq!(header(&written, "access-control-allow-origin"), "");
}

#[tokio::test]
async fn what_can_only_be_written_is_read_where_a_post_has_its_address() {
    let app = spawn_embedded().await;
    let mut all = posts(1, 1);
    all.push(post("p000/likes", "2019-01-01", &[], 1));
    app.register(1, &all).await;

    let (status, found) = app.get("/api/v1/posts/blog/p000/likes").await;

    assert_eq!((status.as_u16(), &found["path"]), (200, &"blog/p000/likes.md".into()));
}
