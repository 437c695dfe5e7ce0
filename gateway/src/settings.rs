//! What can be set.

mod tls;

pub use self::tls::{AcmeSettings, CertificateSource, Challenge, Host, HostError, TlsSettings};
use crate::limit::ClientLimits;
use crate::upstream::Origin;
use ipnet::IpNet;
use service_kit::{SettingError, Vars};
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The service's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `GATEWAY_LISTEN`: where to accept browsers. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// `GATEWAY_ADMIN_LISTEN`: where to answer `/livez`, `/readyz` and `/metrics`.
    pub admin_listen: SocketAddr,
    /// How browsers come in with TLS; nothing if they do not.
    pub tls: Option<TlsSettings>,
    /// How the services behind it are asked.
    pub upstream: UpstreamSettings,
    /// `GATEWAY_HEADER_TIMEOUT`: how long a client may take to send its headers, in all.
    pub header_timeout: Duration,
    /// `GATEWAY_BODY_TIMEOUT`: how long a client may take to send a request's body, in all.
    pub body_timeout: Duration,
    /// `GATEWAY_LOG_SAMPLE`: of so many answers that went well, one is in the access log. All that
    /// did not are.
    pub log_sample: NonZeroU64,
    /// `GATEWAY_PROXY_PROTOCOL`: whether each connection begins with a PROXY header.
    pub proxy_protocol: ProxyProtocol,
    /// `GATEWAY_LAME_DUCK`: how long clients are told that their connections end, after being
    /// asked to stop and before idle connections are closed.
    pub lame_duck: Duration,
    /// `GATEWAY_DRAIN`: how long requests in hand may take after being asked to stop.
    pub drain: Duration,
    /// `GATEWAY_HANDOVER`: the path of the socket at which a gateway that is started gets the ports
    /// of the one that runs, and waits for the next; unset is nowhere.
    pub handover: Option<PathBuf>,
    /// `GATEWAY_CACHE_BYTES`: how many bytes of answers are kept in memory. 0 keeps none.
    pub cache_bytes: u64,
    /// `GATEWAY_PURGERS`: networks whose clients may `PURGE` an address, with commas.
    pub purgers: Vec<IpNet>,
    /// `GATEWAY_MAX_CONNECTIONS`: connections at once, of all clients.
    pub max_connections: usize,
    /// `GATEWAY_MAX_BODY_BYTES`: the largest body of a request.
    pub max_body_bytes: usize,
    /// What each client may have.
    pub clients: ClientLimits,
    /// `GATEWAY_CONTENT_SECURITY_POLICY`: what pages may do that bring no policy of their own.
    pub content_security_policy: String,
    /// `GATEWAY_TRUSTED_PROXIES`: networks whose `X-Forwarded-For` is believed, with commas.
    pub trusted: Vec<IpNet>,
}

/// Whether a layer-4 door stands in front and names its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyProtocol {
    /// `off`: whoever connects is the client.
    Off,
    /// `required`: every connection begins with a PROXY header, of version 1 or 2.
    Required,
}

impl FromStr for ProxyProtocol {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "off" => Ok(Self::Off),
            "required" => Ok(Self::Required),
            _ => Err(()),
        }
    }
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
    /// `GATEWAY_ANSWER_TIMEOUT`: how long a client waits for its answer to begin, all tries
    /// together.
    pub answer_timeout: Duration,
}

/// Networks that are not the internet.
const PRIVATE: [&str; 7] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// What the site's pages need, and pictures, sound and films from anywhere, since posts may show
/// them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: https:; media-src 'self' https:; font-src 'self'; connect-src 'self'; \
     manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Loopback, so that a fresh checkout cannot be reached from outside.
impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 8080).into(),
            admin_listen: ([127, 0, 0, 1], 9080).into(),
            tls: None,
            upstream: UpstreamSettings {
                api: vec![Origin::new("127.0.0.1", 8081, 9081)],
                blog_static: vec![Origin::new("127.0.0.1", 8082, 9082)],
                connect_timeout: Duration::from_secs(1),
                read_timeout: Duration::from_secs(10),
                answer_timeout: Duration::from_secs(15),
            },
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            log_sample: NonZeroU64::MIN,
            proxy_protocol: ProxyProtocol::Off,
            lame_duck: Duration::from_secs(1),
            drain: Duration::from_secs(10),
            handover: None,
            cache_bytes: 64 * 1024 * 1024,
            purgers: PRIVATE.iter().take(1).filter_map(|text| text.parse().ok()).collect(),
            max_connections: 20_000,
            max_body_bytes: 64 * 1024,
            clients: ClientLimits {
                connections: 256,
                rate: 100,
                unlimited: PRIVATE.iter().filter_map(|text| text.parse().ok()).collect(),
            },
            content_security_policy: POLICY.to_owned(),
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
        let number = "a number";
        let origins = "`host:port/admin port`, with commas between several";
        let networks = "networks such as `10.0.0.0/8`, with commas between several";
        let (upstream, clients) = (default.upstream, default.clients);
        Ok(Self {
            listen: vars.parsed("GATEWAY_LISTEN", address)?.unwrap_or(default.listen),
            admin_listen: vars
                .parsed("GATEWAY_ADMIN_LISTEN", address)?
                .unwrap_or(default.admin_listen),
            tls: TlsSettings::from_vars(vars)?,
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
                answer_timeout: vars
                    .duration("GATEWAY_ANSWER_TIMEOUT")?
                    .unwrap_or(upstream.answer_timeout),
            },
            header_timeout: vars
                .duration("GATEWAY_HEADER_TIMEOUT")?
                .unwrap_or(default.header_timeout),
            body_timeout: vars.duration("GATEWAY_BODY_TIMEOUT")?.unwrap_or(default.body_timeout),
            log_sample: vars
                .parsed("GATEWAY_LOG_SAMPLE", "a number from 1")?
                .unwrap_or(default.log_sample),
            proxy_protocol: vars
                .parsed("GATEWAY_PROXY_PROTOCOL", "`off` or `required`")?
                .unwrap_or(default.proxy_protocol),
            lame_duck: vars.duration("GATEWAY_LAME_DUCK")?.unwrap_or(default.lame_duck),
            drain: vars.duration("GATEWAY_DRAIN")?.unwrap_or(default.drain),
            handover: vars.get("GATEWAY_HANDOVER")?.map(PathBuf::from),
            cache_bytes: vars.parsed("GATEWAY_CACHE_BYTES", number)?.unwrap_or(default.cache_bytes),
            purgers: vars.list("GATEWAY_PURGERS", networks)?.unwrap_or(default.purgers),
            max_connections: vars
                .parsed("GATEWAY_MAX_CONNECTIONS", number)?
                .unwrap_or(default.max_connections),
            max_body_bytes: vars
                .parsed("GATEWAY_MAX_BODY_BYTES", number)?
                .unwrap_or(default.max_body_bytes),
            clients: ClientLimits {
                connections: vars
                    .parsed("GATEWAY_CLIENT_CONNECTIONS", number)?
                    .unwrap_or(clients.connections),
                rate: vars.parsed("GATEWAY_CLIENT_RATE", number)?.unwrap_or(clients.rate),
                unlimited: vars.list("GATEWAY_UNLIMITED", networks)?.unwrap_or(clients.unlimited),
            },
            content_security_policy: vars
                .get("GATEWAY_CONTENT_SECURITY_POLICY")?
                .unwrap_or(default.content_security_policy),
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
            ("GATEWAY_PROXY_PROTOCOL", "on"),
            ("GATEWAY_LOG_SAMPLE", "0"),
            ("GATEWAY_TLS_ONLY", "yes"),
        ] {
            let error = Settings::from_vars(&MapVars::from([(name, value)])).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
