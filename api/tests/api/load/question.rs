//! What is asked, and what the answer is.

use crate::load::seen::Outcome;
use reqwest::header::HeaderMap;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use test_kit::release_id;

/// Kept questions.
pub(super) const KEPT: usize = 12;
/// Lists that nobody has asked for before are this long at most; those that are kept are longer.
const SHORT: usize = 80;
const FILTERS: [&str; 4] = ["", "&tag=all", "&tag=even", "&tag=odd"];
const YEARS: [&str; 2] = ["", "&year=2020"];
/// Lists that nobody has asked for before; after them, the same are asked for again.
const LISTS: usize = SHORT * FILTERS.len() * YEARS.len();
/// Sample posts, a day apart from the first of 2020 on.
pub(crate) const POSTS: u16 = 24;
const NUMBERS: usize = POSTS as usize;

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Asked before: a cache.
    Kept,
    /// Never asked before, about posts: the index in memory.
    New,
    /// Comments below a post: the store.
    Comments,
    /// A view, which is counted by Redis.
    View,
}

#[derive(Debug)]
pub(super) struct Question {
    pub(super) kind: Kind,
    pub(super) path: String,
    /// Numbers of the posts in the answer, in order.
    posts: Vec<usize>,
}

impl Question {
    /// The question `number` of a kind.
    pub(super) fn of(kind: Kind, number: usize) -> Self {
        match kind {
            Kind::Kept if number.is_multiple_of(KEPT) => Self::post(kind, 0),
            Kind::Kept => Self::list(kind, SHORT + number % KEPT, "", ""),
            Kind::New if number.is_multiple_of(3) => {
                let found = number / 3 % NUMBERS;
                let path = format!("/api/v1/search?q=p{found:03}%20-nowhere{number}");
                Self { kind, path, posts: vec![found] }
            }
            Kind::New if number % 16 == 1 && number / 16 + 1 < NUMBERS => {
                Self::post(kind, number / 16 + 1)
            }
            Kind::New => {
                let (limit, number) = (1 + number % SHORT, number % LISTS / SHORT);
                let year = YEARS[number / FILTERS.len() % YEARS.len()];
                Self::list(kind, limit, FILTERS[number % FILTERS.len()], year)
            }
            // Behind another place each time, so that no two are one question.
            Kind::Comments => {
                let place = format!("{number}~{:032x}", 0);
                let path = format!("/api/v1/posts/blog/p000/comments?after={place}");
                Self { kind, path, posts: Vec::new() }
            }
            Kind::View => {
                let path = "/api/v1/posts/blog/p000/views".to_owned();
                Self { kind, path, posts: vec![number] }
            }
        }
    }

    fn post(kind: Kind, number: usize) -> Self {
        Self { kind, path: format!("/api/v1/posts/blog/p{number:03}"), posts: vec![number] }
    }

    fn list(kind: Kind, limit: usize, filter: &str, year: &str) -> Self {
        let is_listed = |post: &usize| match filter {
            "&tag=even" => post.is_multiple_of(2),
            "&tag=odd" => !post.is_multiple_of(2),
            _ => true,
        };
        let posts = (0..NUMBERS).rev().filter(is_listed).take(limit).collect();
        Self { kind, path: format!("/api/v1/posts?limit={limit}{filter}{year}"), posts }
    }

    /// Asks, and compares. No answer may show more views than `sent` says afterwards.
    pub(super) async fn ask(
        &self,
        client: &Client,
        url: &str,
        sent: impl Fn() -> usize,
    ) -> Outcome {
        let url = format!("{url}{}", self.path);
        let request = match self.kind {
            Kind::View => {
                let number = self.posts[0];
                let address =
                    format!("1.{}.{}.{}", number / 62_500, number / 250 % 250, number % 250);
                let request = client.post(url).header("user-agent", "Firefox");
                request.header("x-forwarded-for", address)
            }
            _ => client.get(url),
        };
        match request.send().await {
            Ok(answer) => self.judge(answer, sent).await,
            Err(error) => Outcome::Wrong(format!("{}: {error}", self.path)),
        }
    }

    async fn judge(&self, answer: Response, sent: impl Fn() -> usize) -> Outcome {
        let status = answer.status();
        let headers = answer.headers().clone();
        let body: Value = answer.json().await.unwrap_or_default();
        let wrong = |why: &str| Outcome::Wrong(format!("{}: {why}: {status} {body}", self.path));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let code =
                if self.kind == Kind::View { "counters_unavailable" } else { "store_unavailable" };
            let is_said = body["code"] == code && headers.contains_key("retry-after");
            return if is_said { Outcome::Refused } else { wrong("another refusal") };
        }
        if status != StatusCode::OK {
            return wrong("neither an answer nor a refusal");
        }
        let is_right = match self.kind {
            Kind::View => body["counted"].is_boolean(),
            Kind::Comments => body["comments"].as_array().is_some_and(Vec::is_empty),
            Kind::Kept | Kind::New => return self.judge_posts(&headers, &body, wrong, sent),
        };
        if is_right { Outcome::Right } else { wrong("no such answer") }
    }

    fn judge_posts(
        &self,
        headers: &HeaderMap,
        body: &Value,
        wrong: impl Fn(&str) -> Outcome,
        sent: impl Fn() -> usize,
    ) -> Outcome {
        let release = headers.get("x-release").and_then(|id| id.to_str().ok());
        if release != Some(release_id(1).to_string().as_str()) {
            return wrong("another release");
        }
        let shown: Vec<&Value> = match (&body["posts"], &body["hits"]) {
            (Value::Array(posts), _) => posts.iter().collect(),
            (_, Value::Array(hits)) => hits.iter().map(|hit| &hit["post"]).collect(),
            _ => vec![body],
        };
        let is_right = |(post, number): (&&Value, &usize)| {
            post["path"] == format!("blog/p{number:03}.md")
                && post["brev"] == format!("What p{number:03} says, version 1")
        };
        if shown.len() != self.posts.len() || !shown.iter().zip(&self.posts).all(is_right) {
            return wrong("other posts");
        }
        let views = shown.iter().filter_map(|post| post["views"].as_u64()).max().unwrap_or(0);
        if views > sent() as u64 {
            return wrong("more views than readers");
        }
        Outcome::Right
    }
}
