//! Where the names of services lead.

use async_trait::async_trait;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Knows the addresses of names.
#[async_trait]
pub trait Names: fmt::Debug + Send + Sync + 'static {
    /// All addresses of `host` now, with `port`.
    ///
    /// # Errors
    ///
    /// If nobody knows; the addresses before are kept.
    async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// Asks the system.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}
