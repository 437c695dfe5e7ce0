//! A certificate authority that speaks ACME (RFC 8555): a double that a test can make fail.
//!
//! It checks what a real one checks: every nonce once, every signature, the states of an order, the
//! proof that it fetches itself from each gateway it knows, and the names in the request that it
//! signs. It asks all gateways, as real ones ask from several places.

mod issue;
mod jws;
mod listen;
mod order;
mod proof;
mod state;

pub use self::state::Authority;
