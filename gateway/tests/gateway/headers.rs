//! Where requests lead, what they carry, and what answers carry.

use crate::support::{Behaviour, Replica, header, spawn_app, spawn_with};

#[tokio::test]
async fn each_path_reaches_its_service() {
    let (api, pages) = (
        Replica::start(Behaviour::Echo("api")).await,
        Replica::start(Behaviour::Echo("pages")).await,
    );
    let app = spawn_app(&[&api], &[&pages]);

    for (path, service) in [
        ("/", "pages"),
        ("/blog/2019/%E5%A2%A8%E6%A0%88?a=b", "pages"),
        ("/api/v1/posts/blog/%E5%A2%A8?x=%2F", "api"),
        ("/api", "api"),
        ("/apis", "pages"),
    ] {
        let body = app.get(path, &[]).await.text().await.unwrap();
        assert!(body.starts_with(&format!("{service}\nGET {path} HTTP/1.1")), "{path}: {body}");
    }
    for hidden in ["/_release/posts.ndjson", "/%5frelease/release.json"] {
        assert_eq!(app.get(hidden, &[]).await.status(), 404, "{hidden}");
    }
    let expected = "http_requests_total{route=\"api\",status=\"200\"} 2";
    app.until_metric(expected).await;
}

#[tokio::test]
async fn what_a_client_claims_of_itself_is_replaced() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_app(&[], &[&pages]);
    let claims = [
        ("x-forwarded-for", "9.9.9.9"),
        ("x-real-ip", "9.9.9.9"),
        ("forwarded", "for=9.9.9.9"),
        ("x-request-id", "invented"),
        ("traceparent", "invented"),
        ("connection", "x-secret"),
    ];

    let answer = app.get("/", &claims).await;

    let id = header(&answer, "x-request-id").to_owned();
    assert_eq!(header(&answer, "server"), "");
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    let seen = answer.text().await.unwrap().to_lowercase();
    assert!(seen.contains("x-forwarded-for: 127.0.0.1\r\n"), "{seen}");
    assert!(seen.contains(&format!("x-request-id: {id}\r\n")), "{seen}");
    assert!(seen.contains(&format!("x-forwarded-host: {}\r\n", app.addr)), "{seen}");
    assert!(!seen.contains("9.9.9.9") && !seen.contains("invented"), "{seen}");
}

#[tokio::test]
async fn a_trusted_proxy_names_the_client_and_a_trace_goes_on() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_with(&[], &[&pages], |settings| {
        settings.trusted = vec!["127.0.0.0/8".parse().unwrap()];
    });
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    let headers = [("x-forwarded-for", "6.6.6.6, 9.9.9.9"), ("traceparent", trace)];

    let seen = app.get("/", &headers).await.text().await.unwrap().to_lowercase();
    assert!(seen.contains("x-forwarded-for: 9.9.9.9\r\n"), "{seen}");
    assert!(seen.contains(&format!("traceparent: {trace}\r\n")), "{seen}");
}

#[tokio::test]
async fn a_person_gets_a_page_and_a_program_a_problem() {
    let app = spawn_app(&[], &[]);

    let page = app.get("/blog/x", &[("accept", "text/html,*/*")]).await;
    let problem = app.get("/blog/x", &[]).await;
    let api = app.get("/api/v1/posts", &[("accept", "text/html")]).await;

    assert_eq!(
        (page.status().as_u16(), problem.status(), api.status()),
        (503, page.status(), page.status())
    );
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&page, "cache-control"), "no-store");
    assert!(!header(&page, "retry-after").is_empty());
    let id = header(&page, "x-request-id").to_owned();
    assert!(page.text().await.unwrap().contains(&id));
    assert_eq!(header(&problem, "content-type"), "application/problem+json");
    assert_eq!(header(&api, "content-type"), "application/problem+json");
    let problem: serde_json::Value = problem.json().await.unwrap();
    assert_eq!(
        (&problem["status"], &problem["code"]),
        (&503.into(), &"upstream_unavailable".into())
    );
}
