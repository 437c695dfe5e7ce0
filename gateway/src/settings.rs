//! What can be set.

use crate::upstream::Origin;
use ipnet::IpNet;
use service_kit::{SettingError, Vars};
use std::net::SocketAddr;
use std::time::Duration;

/// The service's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `GATEWAY_LISTEN`: where to accept browsers. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// `GATEWAY_ADMIN_LISTEN`: where to answer `/livez`, `/readyz` and `/metrics`.
    pub admin_listen: SocketAddr,
    /// How the services behind it are asked.
    pub upstream: UpstreamSettings,
    /// `GATEWAY_HEADER_TIMEOUT`: how long a client may take to send its headers, in all.
    pub header_timeout: Duration,
    /// `GATEWAY_DRAIN`: how long requests in hand may take after being asked to stop.
    pub drain: Duration,
    /// `GATEWAY_TRUSTED_PROXIES`: networks whose `X-Forwarded-For` is believed, with commas.
    pub trusted: Vec<IpNet>,
}

/// Which services are behind it, and how long they may take.
#[derive(Debug, Clone)]
pub struct UpstreamSettings {
    /// `GATEWAY_API`: where the API is, `host:port/admin port` with commas. Every address that a
    /// name resolves to is a replica.
    pub api: Vec<Origin>,
    /// `GATEWAY_BLOG_STATIC`: where blog-static is, in the same way.
    pub blog_static: Vec<Origin>,
    /// `GATEWAY_CONNECT_TIMEOUT`: how long a connection to a replica may take.
    pub connect_timeout: Duration,
    /// `GATEWAY_READ_TIMEOUT`: how long a replica may pause, before its answer or within.
    pub read_timeout: Duration,
}

/// Loopback, so that a fresh checkout cannot be reached from outside.
impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 8080).into(),
            admin_listen: ([127, 0, 0, 1], 9080).into(),
            upstream: UpstreamSettings {
                api: vec![Origin::new("127.0.0.1", 8081, 9081)],
                blog_static: vec![Origin::new("127.0.0.1", 8082, 9082)],
                connect_timeout: Duration::from_secs(1),
                read_timeout: Duration::from_secs(10),
            },
            header_timeout: Duration::from_secs(10),
            drain: Duration::from_secs(10),
            trusted: Vec::new(),
        }
    }
}

impl Settings {
    /// Reads the settings; each has a default.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn from_vars(vars: &impl Vars) -> Result<Self, SettingError> {
        let default = Self::default();
        let address = "an address such as `127.0.0.1:8080`";
        let origins = "`host:port/admin port`, with commas between several";
        let networks = "networks such as `10.0.0.0/8`, with commas between several";
        let upstream = default.upstream;
        Ok(Self {
            listen: vars.parsed("GATEWAY_LISTEN", address)?.unwrap_or(default.listen),
            admin_listen: vars
                .parsed("GATEWAY_ADMIN_LISTEN", address)?
                .unwrap_or(default.admin_listen),
            upstream: UpstreamSettings {
                api: vars.list("GATEWAY_API", origins)?.unwrap_or(upstream.api),
                blog_static: vars
                    .list("GATEWAY_BLOG_STATIC", origins)?
                    .unwrap_or(upstream.blog_static),
                connect_timeout: vars
                    .duration("GATEWAY_CONNECT_TIMEOUT")?
                    .unwrap_or(upstream.connect_timeout),
                read_timeout: vars
                    .duration("GATEWAY_READ_TIMEOUT")?
                    .unwrap_or(upstream.read_timeout),
            },
            header_timeout: vars
                .duration("GATEWAY_HEADER_TIMEOUT")?
                .unwrap_or(default.header_timeout),
            drain: vars.duration("GATEWAY_DRAIN")?.unwrap_or(default.drain),
            trusted: vars.list("GATEWAY_TRUSTED_PROXIES", networks)?.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use service_kit::MapVars;

    #[test]
    fn lists_are_read_and_a_bad_item_names_its_setting() {
        let vars = MapVars::from([
            ("GATEWAY_API", "tasks.api:8081/9081, 10.0.0.1:1/2"),
            ("GATEWAY_TRUSTED_PROXIES", "10.0.0.0/8,::1/128"),
        ]);

        let settings = Settings::from_vars(&vars).unwrap();

        let api = [Origin::new("tasks.api", 8081, 9081), Origin::new("10.0.0.1", 1, 2)];
        assert_eq!(settings.upstream.api, api);
        assert_eq!(settings.trusted.len(), 2);
        for (name, value) in [
            ("GATEWAY_API", "api"),
            ("GATEWAY_BLOG_STATIC", "a:1/2,"),
            ("GATEWAY_TRUSTED_PROXIES", "everybody"),
            ("GATEWAY_DRAIN", "10"),
        ] {
            let error = Settings::from_vars(&MapVars::from([(name, value)])).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
