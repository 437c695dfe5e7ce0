//! Orders, their authorizations, and the proof of each (RFC 8555 §7.1.6).

use super::listen::{Answer, Problem};
use super::proof::{Kind, Question};
use super::state::{State, lock};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;

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

    fn challenge(&self, url: &str, number: usize, at: usize, kind: Kind) -> Value {
        let name = kind.name();
        let mut shown = json!({
            "type": name,
            "url": format!("{url}/challenge/{number}/{at}/{name}"),
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
        let challenges = Kind::ALL.map(|kind| self.challenge(url, number, at, kind));
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
            let kind = path.get(3).and_then(|name| Kind::named(name)).ok_or_else(nothing)?;
            let authorization = order.authorizations.get_mut(at).ok_or_else(nothing)?;
            if authorization.status == "pending" {
                authorization.status = "processing";
                tokio::spawn(validate(state.clone(), number, at, kind));
            }
            json(&authorization.challenge(url, number, at, kind))
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
async fn validate(state: Arc<State>, number: usize, at: usize, kind: Kind) {
    let question = {
        let orders = lock(&state.orders);
        let order = &orders[number];
        let Authorization { host, token, .. } = &order.authorizations[at];
        let key = state.key(order.account);
        key.map(|key| Question::new(kind, host, token, &key.thumbprint()))
    };
    let mut error = None;
    if let Some(question) = question {
        for gateway in state.gateways() {
            error = match question.ask(gateway).await {
                Ok(true) => error,
                Ok(false) => Some(Problem::new(403, "unauthorized", "the proof is wrong")),
                Err(_) => Some(Problem::new(400, "connection", "nobody answers")),
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
