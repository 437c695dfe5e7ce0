//! The host's ports, apart from the gateway, so that a gateway can be replaced without closing
//! them.
//!
//! Two programs cannot hold one port of a host at the same time, so a gateway that holds it must go
//! before its successor comes. The door holds the ports instead. It knows nothing of HTTP or TLS:
//! it passes bytes on to a replica of the gateway that is ready, after a PROXY protocol header with
//! the client's address. It has hardly a reason to change.

mod app;
mod connection;
mod forward;
mod proxy_header;
mod replicas;
mod settings;

pub use crate::app::Application;
pub use crate::forward::{Forward, ForwardError};
pub use crate::proxy_header::proxy_header;
pub use crate::settings::Settings;
