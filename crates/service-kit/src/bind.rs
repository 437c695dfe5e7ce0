//! Binding a port, with an error that says which setting to change.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// So many connections may wait to be accepted, if the system allows it (`net.core.somaxconn`). The
/// standard library's 128 are gone in a moment; then the system drops what comes, and the client tries
/// again after a second.
const BACKLOG: i32 = 4096;

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
    let bound = listen(addr).and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (bound, listener) = bound.map_err(|source| BindError { setting, addr, source })?;
    Ok((listener, bound))
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // A port whose last connections are not forgotten yet is free, as the standard library has it.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
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
