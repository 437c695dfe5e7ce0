//! The search for readers without JavaScript: the API's hits in the theme's page.
//!
//! The theme's page has `<!--results-->` where they belong, an empty `value=""` for the query, and
//! on the element around them the words to say it with.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::fmt::Write;
use std::time::Duration;

/// The route of the theme's page.
pub(crate) const ROUTE: &str = "/search";
/// A reader waits no longer for a page.
const DEADLINE: Duration = Duration::from_secs(3);
/// The API takes no longer query.
const MAX_CHARS: usize = 200;

/// What a reader asks for, from the query string.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    q: String,
    after: Option<String>,
}

/// Asks the API.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    client: reqwest::Client,
    api: String,
}

/// What the API answers.
#[derive(Debug, Deserialize)]
struct Found {
    total: usize,
    hits: Vec<Hit>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Hit {
    post: Post,
    /// Safe HTML.
    title: String,
    /// Safe HTML.
    snippet: String,
}

#[derive(Debug, Deserialize)]
struct Post {
    url: String,
    date: String,
    lang: String,
    tags: Vec<String>,
}

/// The API gave no hits, whatever the reason.
#[derive(Debug, thiserror::Error)]
enum SearchError {
    #[error(transparent)]
    Answer(#[from] reqwest::Error),
    #[error(transparent)]
    Text(#[from] serde_json::Error),
}

impl Query {
    /// The query of a request, or `None` if there is nothing to search for.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let mut query: Self = serde_urlencoded::from_str(text).ok()?;
        query.q = query.q.trim().chars().take(MAX_CHARS).collect();
        (!query.q.is_empty()).then_some(query)
    }
}

impl Search {
    /// A search at `api` (`host:port`). Nobody is asked yet.
    pub(crate) fn new(api: &str) -> Self {
        // A neighbour is never behind a proxy.
        let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build();
        let client = client.expect("only TLS can fail, and neighbours speak none");
        Self { client, api: api.to_owned() }
    }

    /// The theme's page `shell` with what was found.
    pub(crate) async fn page(&self, shell: &str, query: &Query) -> String {
        let results = match self.ask(query).await {
            Ok(found) => results(shell, query, &found),
            Err(error) => {
                tracing::warn!("the API gave no hits: {error}");
                let (failed, archive) = (word(shell, "failed"), word(shell, "archive"));
                format!("<p class=\"count\">{failed} <a href=\"/archive\">{archive}</a></p>")
            }
        };
        let filled = format!("name=\"q\" value=\"{}\"", escaped(&query.q));
        shell.replacen("name=\"q\" value=\"\"", &filled, 1).replacen("<!--results-->", &results, 1)
    }

    async fn ask(&self, query: &Query) -> Result<Found, SearchError> {
        let mut url = format!("http://{}/api/v1/search?q={}", self.api, encoded(&query.q));
        if let Some(after) = &query.after {
            let _ = write!(url, "&after={}", encoded(after));
        }
        let answer = self.client.get(url).send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}

fn results(shell: &str, query: &Query, found: &Found) -> String {
    let count = match found.total {
        0 => word(shell, "none").to_owned(),
        total => word(shell, "hits").replace("{n}", &total.to_string()),
    };
    let mut html = format!("<p class=\"count\">{count}</p><ol class=\"hits\">");
    for Hit { post, title, snippet } in &found.hits {
        let (url, lang, date) = (escaped(&post.url), escaped(&post.lang), escaped(&post.date));
        let _ = write!(
            html,
            "<li><h2><a href=\"{url}\" lang=\"{lang}\">{title}</a></h2>\
             <p class=\"snippet\" lang=\"{lang}\">{snippet}</p>\
             <p class=\"meta\"><time datetime=\"{date}\">{date}</time>"
        );
        for tag in &post.tags {
            let _ = write!(html, "<span>{}</span>", escaped(tag));
        }
        html.push_str("</p></li>");
    }
    html.push_str("</ol>");
    if let Some(next) = &found.next {
        let (q, more) = (encoded(&query.q), word(shell, "more"));
        let after = encoded(next);
        let _ = write!(html, "<p><a href=\"{ROUTE}?q={q}&amp;after={after}\">{more}</a></p>");
    }
    html
}

/// What the page says for `name`; it is HTML already.
fn word<'s>(shell: &'s str, name: &str) -> &'s str {
    let start = format!(" data-{name}=\"");
    let within = shell.split_once("id=\"results\"").map_or("", |(_, rest)| rest);
    let value = within.split_once(&start).and_then(|(_, rest)| rest.split_once('"'));
    value.map_or("", |(value, _)| value)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHELL: &str = "<input name=\"q\" value=\"\"><div id=\"results\" data-hits=\"{n} found\" \
        data-none=\"none\" data-more=\"more\" data-failed=\"down\" data-archive=\"all\">\
        <!--results--></div>";

    #[test]
    fn what_a_reader_typed_is_text_on_the_page() {
        let query = Query::of("q=%3Cscript%3E%22&after=2").unwrap();
        let found = Found { total: 0, hits: Vec::new(), next: Some("&".into()) };

        let html = results(SHELL, &query, &found);

        assert!(html.contains("<p class=\"count\">none</p>"), "{html}");
        assert!(html.contains("?q=%3Cscript%3E%22&amp;after=%26\">more"), "{html}");
    }

    #[test]
    fn nothing_to_search_for_is_no_query() {
        assert_eq!(Query::of(""), None);
        assert_eq!(Query::of("q=+"), None);
        assert_eq!(Query::of("q=a&q=b"), None);
        assert!(Query::of("q=%E5%A2%A8").is_some());
    }

    #[tokio::test]
    async fn an_api_that_is_down_is_said_on_the_page() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let query = Query::of("q=a%22b").unwrap();

        let page = Search::new(&nobody.to_string()).page(SHELL, &query).await;

        assert!(page.contains("value=\"a&quot;b\""), "{page}");
        assert!(page.contains("down <a href=\"/archive\">all</a>"), "{page}");
    }
}
