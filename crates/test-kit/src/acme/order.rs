//! Orders, their authorizations, and the proof of each (RFC 8555 §7.1.6).

use super::listen::{Answer, Problem};
use super::state::{State, lock};
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// For a gateway to answer.
const DEADLINE: Duration = Duration::from_secs(5);

/// What one account wants a certificate for.
#[derive(Debug)]
pub(super) struct Order {
    account: usize,
    authorizations: Vec<Authorization>,
    state: OrderState,
}

#[derive(Debug)]
enum OrderState {
    /// As its authorizations are.
    Open,
    /// Signed; the next who looks is told.
    Processing(String),
    Valid(String),
}

#[derive(Debug)]
struct Authorization {
    host: String,
    token: String,
    status: &'static str,
    error: Option<Problem>,
}

impl Order {
    fn status(&self) -> &'static str {
        let any = |status| self.authorizations.iter().any(|one| one.status == status);
        match &self.state {
            OrderState::Valid(_) => "valid",
            OrderState::Processing(_) => "processing",
            OrderState::Open if any("invalid") => "invalid",
            OrderState::Open if any("pending") || any("processing") => "pending",
            OrderState::Open => "ready",
        }
    }

    fn show(&self, url: &str, number: usize) -> Value {
        let authorization = |at| format!("{url}/authorization/{number}/{at}");
        let count = self.authorizations.len();
        let mut shown = json!({
            "status": self.status(),
            "identifiers": self.authorizations.iter().map(Authorization::identifier).collect::<Value>(),
            "authorizations": (0..count).map(authorization).collect::<Value>(),
            "finalize": format!("{url}/finalize/{number}"),
        });
        if let OrderState::Valid(_) = self.state {
            shown["certificate"] = format!("{url}/certificate/{number}").into();
        }
        shown
    }
}

impl Authorization {
    fn identifier(&self) -> Value {
        json!({"type": "dns", "value": self.host})
    }

    fn challenge(&self, url: &str, number: usize, at: usize) -> Value {
        let mut shown = json!({
            "type": "http-01",
            "url": format!("{url}/challenge/{number}/{at}"),
            "token": self.token,
            "status": self.status,
        });
        if let Some(error) = &self.error {
            shown["error"] = error.show();
        }
        shown
    }

    fn show(&self, url: &str, number: usize, at: usize) -> Value {
        let status = if self.status == "processing" { "pending" } else { self.status };
        let challenges = [self.challenge(url, number, at)];
        json!({"identifier": self.identifier(), "status": status, "challenges": challenges})
    }
}

/// Makes an order.
pub(super) fn create(state: &State, account: usize, payload: &Value) -> Result<Answer, Problem> {
    let malformed = || Problem::new(400, "malformed", "the order names no hosts");
    let identifiers = payload["identifiers"].as_array().ok_or_else(malformed)?;
    let mut authorizations = Vec::new();
    for identifier in identifiers {
        let host = identifier["value"].as_str().filter(|_| identifier["type"] == "dns");
        let token = format!("token-{}", state.next.fetch_add(1, Ordering::SeqCst));
        let host = host.ok_or_else(malformed)?.to_owned();
        authorizations.push(Authorization { host, token, status: "pending", error: None });
    }
    if authorizations.is_empty() {
        return Err(malformed());
    }
    let order = Order { account, authorizations, state: OrderState::Open };
    let mut orders = lock(&state.orders);
    let number = orders.len();
    let shown = order.show(&state.url, number);
    orders.push(order);
    Ok(Answer::json(201, &shown).at(format!("{}/order/{number}", state.url)))
}

/// Answers a question about an order of `account`: `path` is what it is about, and its numbers.
pub(super) fn ask(
    state: &Arc<State>,
    account: usize,
    path: &[&str],
    payload: Option<&Value>,
) -> Result<Answer, Problem> {
    let nothing = || Problem::new(404, "malformed", "there is nothing here");
    let number = |at: usize| path.get(at).and_then(|number| number.parse::<usize>().ok());
    let (url, number, at) = (&state.url, number(1).ok_or_else(nothing)?, number(2).unwrap_or(0));
    let mut orders = lock(&state.orders);
    let order = orders.get_mut(number).filter(|order| order.account == account);
    let order = order.ok_or_else(nothing)?;
    let json = |value: &Value| Ok(Answer::json(200, value));
    match (path[0], payload) {
        ("order", None) => {
            let shown = order.show(url, number);
            if let OrderState::Processing(chain) = &order.state {
                order.state = OrderState::Valid(chain.clone());
            }
            json(&shown)
        }
        ("authorization", None) => {
            let authorization = order.authorizations.get(at).ok_or_else(nothing)?;
            json(&authorization.show(url, number, at))
        }
        ("challenge", Some(_)) => {
            let authorization = order.authorizations.get_mut(at).ok_or_else(nothing)?;
            if authorization.status == "pending" {
                authorization.status = "processing";
                tokio::spawn(validate(state.clone(), number, at));
            }
            json(&authorization.challenge(url, number, at))
        }
        ("finalize", Some(payload)) => {
            if order.status() != "ready" {
                return Err(Problem::new(403, "orderNotReady", "the proof is missing"));
            }
            let mut hosts: Vec<&str> = order.authorizations.iter().map(|a| &*a.host).collect();
            hosts.sort_unstable();
            let csr = payload["csr"].as_str().unwrap_or_default();
            let chain = state.issuing.sign(csr, &hosts, state.lifetime());
            let chain = chain.ok_or_else(|| Problem::new(400, "badCSR", "not these hosts"))?;
            state.note_issued();
            order.state = OrderState::Processing(chain);
            json(&order.show(url, number))
        }
        ("certificate", None) => match &order.state {
            OrderState::Valid(chain) => Ok(Answer::certificate(chain.clone())),
            OrderState::Open | OrderState::Processing(_) => Err(nothing()),
        },
        _ => Err(nothing()),
    }
}

/// Asks every gateway for the proof.
async fn validate(state: Arc<State>, number: usize, at: usize) {
    let question = {
        let orders = lock(&state.orders);
        let order = &orders[number];
        let authorization = &order.authorizations[at];
        let key = state.key(order.account);
        key.map(|key| (authorization.host.clone(), authorization.token.clone(), key.thumbprint()))
    };
    let mut error = None;
    if let Some((host, token, thumbprint)) = question {
        let expected = format!("{token}.{thumbprint}");
        for gateway in state.gateways() {
            let asked = tokio::time::timeout(DEADLINE, fetch(gateway, &host, &token));
            error = match asked.await {
                Ok(Ok(answer)) if answer.trim_end() == expected => error,
                Ok(Ok(_)) => Some(Problem::new(403, "unauthorized", "the proof is wrong")),
                Ok(Err(_)) | Err(_) => Some(Problem::new(400, "connection", "nobody answers")),
            };
        }
        if state.gateways().is_empty() {
            error = Some(Problem::new(400, "connection", "there is no gateway to ask"));
        }
    }
    let mut orders = lock(&state.orders);
    let authorization = &mut orders[number].authorizations[at];
    authorization.status = if error.is_some() { "invalid" } else { "valid" };
    authorization.error = error;
}

/// `http-01` (RFC 8555 §8.3), at `gateway` in place of what the host's name says; the body of a 200.
async fn fetch(gateway: SocketAddr, host: &str, token: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(gateway).await?;
    let request = format!(
        "GET /.well-known/acme-challenge/{token} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let is_good = head.split(' ').nth(1) == Some("200");
    if is_good { Ok(body.to_owned()) } else { Err(io::ErrorKind::InvalidData.into()) }
}
