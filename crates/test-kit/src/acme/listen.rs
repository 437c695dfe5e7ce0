//! The authority's server: HTTPS, and one function for each kind of address.

use super::jws::{Signed, Signer};
use super::order;
use super::state::State;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Why something is refused (RFC 8555 §6.7).
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: u16,
    kind: &'static str,
    detail: &'static str,
}

impl Problem {
    pub(super) fn new(status: u16, kind: &'static str, detail: &'static str) -> Self {
        Self { status, kind, detail }
    }

    pub(super) fn show(&self) -> Value {
        let kind = format!("urn:ietf:params:acme:error:{}", self.kind);
        json!({"type": kind, "detail": self.detail, "status": self.status})
    }
}

/// What is answered.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    kind: &'static str,
    location: Option<String>,
    body: String,
}

impl Answer {
    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self { status, kind: "application/json", location: None, body: value.to_string() }
    }

    pub(super) fn certificate(chain: String) -> Self {
        let kind = "application/pem-certificate-chain";
        Self { status: 200, kind, location: None, body: chain }
    }

    pub(super) fn at(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let kind = "application/problem+json";
        Self { kind, ..Self::json(problem.status, &problem.show()) }
    }
}

/// Serves for ever.
pub(super) async fn listen(listener: TcpListener, state: Arc<State>) {
    let acceptor = TlsAcceptor::from(state.issuing.server());
    while let Ok((stream, _)) = listener.accept().await {
        state.note_contact();
        if state.is_down.load(Ordering::SeqCst) {
            continue;
        }
        let (state, acceptor) = (state.clone(), acceptor.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let serve = service_fn(|request| answer(state.clone(), request));
            // A client that goes away has its reasons.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), serve).await;
        });
    }
}

async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = route(&state, request).await.unwrap_or_else(Answer::from);
    let mut response = Response::builder()
        .status(answer.status)
        .header("content-type", answer.kind)
        .header("cache-control", "no-store")
        .header("replay-nonce", state.new_nonce());
    if let Some(location) = answer.location {
        response = response.header("location", location);
    }
    Ok(response.body(Full::from(answer.body)).expect("these are headers"))
}

async fn route(state: &Arc<State>, request: Request<Incoming>) -> Result<Answer, Problem> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let words: Vec<&str> = path.split('/').skip(1).collect();
    let url = &state.url;
    match (&parts.method, words[0]) {
        (&Method::GET, "directory") => {
            let directory = json!({
                "newNonce": format!("{url}/nonce"),
                "newAccount": format!("{url}/accounts"),
                "newOrder": format!("{url}/orders"),
            });
            return Ok(Answer::json(200, &directory));
        }
        (&Method::HEAD, "nonce") => return Ok(Answer::json(200, &Value::Null)),
        (&Method::POST, _) => {}
        _ => return Err(Problem::new(405, "malformed", "everything else is signed")),
    }
    if parts.headers.get("content-type").is_none_or(|kind| kind != "application/jose+json") {
        return Err(Problem::new(415, "malformed", "this is no signed request"));
    }
    let broken = |_| Problem::new(400, "malformed", "the request broke off");
    let body = body.collect().await.map_err(broken)?.to_bytes();
    let Signed { signer, payload } = Signed::read(state, &format!("{url}{path}"), &body)?;
    let unauthorized = || Problem::new(401, "unauthorized", "another signature is needed");
    match (words[0], signer) {
        ("accounts", Signer::Key(key)) => {
            let payload = payload.unwrap_or_default();
            if payload["termsOfServiceAgreed"] != true {
                return Err(Problem::new(403, "userActionRequired", "agree to the terms"));
            }
            let (number, is_new) = state.account(key);
            let status = if is_new { 201 } else { 200 };
            let account = json!({"status": "valid"});
            Ok(Answer::json(status, &account).at(format!("{url}/account/{number}")))
        }
        (_, Signer::Key(_)) => Err(unauthorized()),
        ("orders", Signer::Account(account)) => {
            order::create(state, account, &payload.unwrap_or_default())
        }
        (_, Signer::Account(account)) => order::ask(state, account, &words, payload.as_ref()),
    }
}
