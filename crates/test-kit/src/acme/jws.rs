//! Signed requests (RFC 7515, RFC 8555 §6.2), which are checked as a real authority does.

use super::listen::Problem;
use super::state::State;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

/// A public key on the curve P-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Jwk {
    x: String,
    y: String,
}

/// Who signed.
#[derive(Debug)]
pub(super) enum Signer {
    /// Somebody who brings a key, to make an account with it.
    Key(Jwk),
    /// An account.
    Account(usize),
}

/// What was signed.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) signer: Signer,
    /// Nothing for "POST as GET".
    pub(super) payload: Option<Value>,
}

impl Jwk {
    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let is_known = value["kty"] == "EC" && value["crv"] == "P-256";
        is_known.then_some(Self { x: text("x")?, y: text("y")? })
    }

    /// RFC 7638.
    pub(super) fn thumbprint(&self) -> String {
        let Self { x, y } = self;
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()))
    }

    fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        const UNCOMPRESSED: u8 = 4;
        let (Some(x), Some(y)) = (decode(&self.x), decode(&self.y)) else { return false };
        let point = [&[UNCOMPRESSED][..], &x, &y].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
    }
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

impl Signed {
    /// Checks the request `body` that was sent to `url`.
    pub(super) fn read(state: &State, url: &str, body: &[u8]) -> Result<Self, Problem> {
        let malformed = || Problem::new(400, "malformed", "this is no signed request");
        let jws: Value = serde_json::from_slice(body).map_err(|_| malformed())?;
        let part = |name: &str| jws[name].as_str().ok_or_else(malformed);
        let (protected, payload) = (part("protected")?, part("payload")?);
        let signature = decode(part("signature")?).ok_or_else(malformed)?;
        let header = decode(protected).ok_or_else(malformed)?;
        let header: Value = serde_json::from_slice(&header).map_err(|_| malformed())?;
        if !state.use_nonce(header["nonce"].as_str().unwrap_or_default()) {
            return Err(Problem::new(400, "badNonce", "this nonce is not good"));
        }
        if header["alg"] != "ES256" || header["url"] != url {
            return Err(Problem::new(401, "unauthorized", "another address was signed"));
        }
        let (signer, key) = signer(state, &header)?;
        if !key.has_signed(format!("{protected}.{payload}").as_bytes(), &signature) {
            return Err(Problem::new(401, "unauthorized", "the signature is wrong"));
        }
        let payload = match payload {
            "" => None,
            text => {
                let bytes = decode(text).ok_or_else(malformed)?;
                Some(serde_json::from_slice(&bytes).map_err(|_| malformed())?)
            }
        };
        Ok(Self { signer, payload })
    }
}

/// Either a key or the address of an account (RFC 8555 §6.2).
fn signer(state: &State, header: &Value) -> Result<(Signer, Jwk), Problem> {
    match (Jwk::read(&header["jwk"]), header["kid"].as_str()) {
        (Some(key), None) => Ok((Signer::Key(key.clone()), key)),
        (None, Some(id)) => {
            let number = id.strip_prefix(&format!("{}/account/", state.url));
            let number = number.and_then(|number| number.parse().ok());
            let key = number.and_then(|number| Some((number, state.key(number)?)));
            let (number, key) = key.ok_or_else(|| {
                Problem::new(400, "accountDoesNotExist", "there is no such account")
            })?;
            Ok((Signer::Account(number), key))
        }
        _ => Err(Problem::new(400, "malformed", "either a key or an account signs")),
    }
}
