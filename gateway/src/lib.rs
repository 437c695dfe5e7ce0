//! The front door: one public address before the API and blog-static.
//!
//! Pingora calls the phases of `proxy`; the phases call plain functions: where a path leads
//! (`route`), which replica answers (`upstream`), who is asking (`client`), what the gateway says
//! itself (`refusal`).

mod access;
mod acme;
mod app;
mod begun;
mod cache;
mod client;
mod connection;
mod drain;
mod fields;
mod handover;
mod head;
mod hot;
mod http2;
mod limit;
mod listener;
mod memory;
mod parking;
mod parts;
mod proxy;
mod proxy_protocol;
mod refresh;
mod refusal;
mod relay;
mod request;
mod route;
mod security;
mod settings;
mod stream;
mod tls;
mod upstream;

pub use crate::acme::AcmeError;
pub use crate::app::{Application, StartError};
pub use crate::cache::{CacheControl, Freshness};
pub use crate::handover::HandoverError;
pub use crate::head::accepted;
pub use crate::limit::ClientLimits;
pub use crate::proxy_protocol::{NoProxyHeader, ProxyHeader};
pub use crate::route::{Refused, Route, route};
pub use crate::settings::{
    AcmeSettings, CertificateSource, Challenge, Host, HostError, ProxyProtocol, Settings,
    TlsSettings, UpstreamSettings,
};
pub use crate::tls::CertificateError;
pub use crate::upstream::{Names, Origin};
