//! What can be set.

use crate::Forward;
use service_kit::{SettingError, Vars};
use std::net::SocketAddr;
use std::time::Duration;

/// The service's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `DOOR_FORWARD`: `listen=host:port/admin port`, with commas between several.
    pub forwards: Vec<Forward>,
    /// `DOOR_ADMIN_LISTEN`: where to answer `/livez`, `/readyz` and `/metrics`.
    pub admin_listen: SocketAddr,
    /// `DOOR_CONNECT_TIMEOUT`: how long a connection to a replica may take.
    pub connect_timeout: Duration,
    /// `DOOR_MAX_CONNECTIONS`: connections at a time; more wait in the system's queue.
    pub max_connections: usize,
    /// `DOOR_DRAIN`: how long busy connections may take after being asked to stop.
    pub drain: Duration,
}

impl Settings {
    const MAX_CONNECTIONS: usize = 8192;

    /// Reads the settings; each has a default.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn from_vars(vars: &impl Vars) -> Result<Self, SettingError> {
        let address = "an address such as `127.0.0.1:9083`";
        let forwards = vars.list("DOOR_FORWARD", "`listen=host:port/admin port`, with commas")?;
        let max_connections = vars.parsed("DOOR_MAX_CONNECTIONS", "a number such as `8192`")?;
        let seconds = Duration::from_secs;
        Ok(Self {
            forwards: forwards.unwrap_or_else(|| {
                let listen = ([127, 0, 0, 1], 8000).into();
                vec![Forward { listen, host: "127.0.0.1".into(), port: 8080, admin_port: 9080 }]
            }),
            admin_listen: vars
                .parsed("DOOR_ADMIN_LISTEN", address)?
                .unwrap_or_else(|| ([127, 0, 0, 1], 9083).into()),
            connect_timeout: vars.duration("DOOR_CONNECT_TIMEOUT")?.unwrap_or(seconds(1)),
            max_connections: max_connections.unwrap_or(Self::MAX_CONNECTIONS),
            drain: vars.duration("DOOR_DRAIN")?.unwrap_or(seconds(10)),
        })
    }
}
