//! Binding a port, with an error that says which setting to change.

use std::io;
use std::net::{SocketAddr, TcpListener};

/// A port that cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {addr}, choose another address with {setting}")]
pub struct BindError {
    /// The setting that names the address.
    pub setting: &'static str,
    /// The address.
    pub addr: SocketAddr,
    /// What the system said, for instance that the port is in use.
    pub source: io::Error,
}

/// Binds `addr`, which the setting `setting` gave, and says where that is: port 0 picks a free one.
/// The listener does not block, as asynchronous runtimes want it.
///
/// # Errors
///
/// [`BindError`] names the setting.
pub fn bind(
    setting: &'static str,
    addr: SocketAddr,
) -> Result<(TcpListener, SocketAddr), BindError> {
    let bound = TcpListener::bind(addr).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    });
    bound.map_err(|source| BindError { setting, addr, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_names_the_setting() {
        let (_taken, addr) = bind("API_LISTEN", ([127, 0, 0, 1], 0).into()).unwrap();

        let error = bind("API_LISTEN", addr).unwrap_err();

        assert!(error.to_string().ends_with("with API_LISTEN"), "{error}");
        assert_eq!(error.source.kind(), io::ErrorKind::AddrInUse);
    }
}
