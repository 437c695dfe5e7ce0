//! How browsers come in with TLS, and where certificates come from.

use service_kit::{SettingError, Vars};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// How TLS is spoken.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// `GATEWAY_TLS_LISTEN`: where to accept browsers with TLS; unset is nowhere. Port 0 picks a
    /// free one.
    pub listen: SocketAddr,
    /// `GATEWAY_TLS_FOLDER` or `GATEWAY_TLS_SELF_SIGNED`.
    pub certificates: CertificateSource,
    /// Whom to ask for certificates that the folder lacks; nobody if it is unset.
    pub acme: Option<AcmeSettings>,
    /// `GATEWAY_TLS_PUBLIC_PORT`: the port of HTTPS as browsers see it.
    pub public_port: u16,
    /// `GATEWAY_TLS_ONLY`: `on` sends whoever comes without TLS to HTTPS, `off` serves them.
    pub only: bool,
    /// `GATEWAY_HSTS`: for how long browsers are to use nothing but HTTPS. `0s` says nothing of it.
    pub hsts: Duration,
}

/// Where certificates come from.
#[derive(Debug, Clone)]
pub enum CertificateSource {
    /// A folder with `NAME.crt` and `NAME.key`, which is read again when they change.
    Folder(PathBuf),
    /// One is made at the start, for these hosts.
    SelfSigned(Vec<String>),
}

/// How an authority is asked for certificates (RFC 8555).
#[derive(Debug, Clone)]
pub struct AcmeSettings {
    /// `GATEWAY_ACME_HOSTS`: the hosts to have certificates for, with commas. Who sets it agrees to
    /// the authority's terms.
    pub hosts: Vec<Host>,
    /// `GATEWAY_ACME_DIRECTORY`: `production` or `staging` of Let's Encrypt, or the `https://…`
    /// address of another authority's directory.
    pub directory: String,
    /// `GATEWAY_ACME_CHALLENGE`: how it is shown that a host is ours.
    pub challenge: Challenge,
    /// `GATEWAY_ACME_CONTACT`: the mail address that the authority may write to.
    pub contact: Option<String>,
    /// `GATEWAY_ACME_ROOTS`: a PEM file with the certificates that the authority's own server is
    /// believed by; unset is those that browsers believe.
    pub roots: Option<PathBuf>,
    /// `GATEWAY_ACME_RETRY`: the pause after a failure, twice as long after each.
    pub retry: Duration,
}

/// How an authority is shown that a host is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// `http-01`: it asks without TLS, at port 80 (RFC 8555 §8.3).
    Http01,
    /// `tls-alpn-01`: it begins a TLS handshake, at port 443 (RFC 8737).
    TlsAlpn01,
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http01 => "http-01",
            Self::TlsAlpn01 => "tls-alpn-01",
        })
    }
}

impl FromStr for Challenge {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Http01, Self::TlsAlpn01];
        all.into_iter().find(|challenge| challenge.to_string() == text).ok_or(())
    }
}

/// The name of a host, in lower case: no address, no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(String);

/// The text names no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write the name of a host")]
pub struct HostError;

impl Host {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let is_char = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        // RFC 1123 §2.1.
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(is_char)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_name = text.len() <= 253 && text.split('.').all(is_label);
        if !is_name || text.parse::<IpAddr>().is_ok() {
            return Err(HostError);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

/// `on` or `off`.
struct Switch(bool);

impl FromStr for Switch {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "on" => Ok(Self(true)),
            "off" => Ok(Self(false)),
            _ => Err(()),
        }
    }
}

/// The address of an authority's directory.
struct Directory(String);

impl FromStr for Directory {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "production" => Ok(Self(AcmeSettings::PRODUCTION.into())),
            "staging" => Ok(Self(AcmeSettings::STAGING.into())),
            // What is signed there says who we are (RFC 8555 §6.1).
            _ if text.starts_with("https://") => Ok(Self(text.into())),
            _ => Err(()),
        }
    }
}

impl AcmeSettings {
    const PRODUCTION: &str = "https://acme-v02.api.letsencrypt.org/directory";
    const STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";
    /// Let's Encrypt takes five failures of a host in an hour.
    const RETRY: Duration = Duration::from_mins(5);

    fn from_vars(vars: &impl Vars) -> Result<Option<Self>, SettingError> {
        let hosts = vars.list("GATEWAY_ACME_HOSTS", "names of hosts, with commas")?;
        let wanted = "`production`, `staging`, or an address that begins with `https://`";
        let directory = vars.parsed("GATEWAY_ACME_DIRECTORY", wanted)?;
        let challenge = vars.parsed("GATEWAY_ACME_CHALLENGE", "`http-01` or `tls-alpn-01`")?;
        let contact = vars.get("GATEWAY_ACME_CONTACT")?;
        let roots = vars.get("GATEWAY_ACME_ROOTS")?.map(PathBuf::from);
        let retry = vars.duration("GATEWAY_ACME_RETRY")?.unwrap_or(Self::RETRY);
        let Some(hosts) = hosts else { return Ok(None) };
        let directory =
            directory.map_or_else(|| Self::PRODUCTION.into(), |Directory(address)| address);
        let challenge = challenge.unwrap_or(Challenge::Http01);
        Ok(Some(Self { hosts, directory, challenge, contact, roots, retry }))
    }
}

impl TlsSettings {
    /// A year, which is what browsers' lists ask for.
    const HSTS: Duration = Duration::from_hours(365 * 24);

    pub(super) fn from_vars(vars: &impl Vars) -> Result<Option<Self>, SettingError> {
        let malformed = |name: &str, wanted| SettingError::Malformed { name: name.into(), wanted };
        let listen = vars.parsed("GATEWAY_TLS_LISTEN", "an address such as `0.0.0.0:8443`")?;
        let folder = vars.get("GATEWAY_TLS_FOLDER")?.map(PathBuf::from);
        let names = vars.list("GATEWAY_TLS_SELF_SIGNED", "names of hosts, with commas")?;
        let acme = AcmeSettings::from_vars(vars)?;
        let public_port = vars.parsed("GATEWAY_TLS_PUBLIC_PORT", "a port")?.unwrap_or(443);
        let only = vars.parsed("GATEWAY_TLS_ONLY", "`on` or `off`")?;
        let hsts = vars.duration("GATEWAY_HSTS")?.unwrap_or(Self::HSTS);
        let Some(listen) = listen else { return Ok(None) };
        let certificates = match (folder, names) {
            (Some(folder), None) => CertificateSource::Folder(folder),
            (None, Some(_)) if acme.is_some() => {
                let wanted = "no hosts, or set `GATEWAY_TLS_FOLDER` to a folder to keep them in";
                return Err(malformed("GATEWAY_ACME_HOSTS", wanted));
            }
            (None, Some(names)) => CertificateSource::SelfSigned(names),
            (None, None) | (Some(_), Some(_)) => {
                let wanted = "a folder with certificates, or set `GATEWAY_TLS_SELF_SIGNED` instead";
                return Err(malformed("GATEWAY_TLS_FOLDER", wanted));
            }
        };
        let only = only.is_none_or(|Switch(only)| only);
        Ok(Some(Self { listen, certificates, acme, public_port, only, hsts }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use service_kit::MapVars;

    const LISTEN: (&str, &str) = ("GATEWAY_TLS_LISTEN", "127.0.0.1:8443");
    const FOLDER: (&str, &str) = ("GATEWAY_TLS_FOLDER", "/run/secrets");
    const NAMES: (&str, &str) = ("GATEWAY_TLS_SELF_SIGNED", "a, b");
    const HOSTS: (&str, &str) = ("GATEWAY_ACME_HOSTS", "Blog.example, www.blog.example");

    fn read<const N: usize>(vars: [(&str, &str); N]) -> Result<Option<TlsSettings>, String> {
        TlsSettings::from_vars(&MapVars::from(vars)).map_err(|error| error.to_string())
    }

    #[test]
    fn tls_needs_one_kind_of_certificate() {
        assert!(read([]).unwrap().is_none());
        assert!(read([LISTEN, FOLDER]).unwrap().unwrap().only);
        assert!(read([LISTEN, NAMES]).is_ok());
        assert!(read([LISTEN]).unwrap_err().contains("GATEWAY_TLS_FOLDER"));
        assert!(read([LISTEN, FOLDER, NAMES]).unwrap_err().contains("GATEWAY_TLS_FOLDER"));
        assert!(read([LISTEN, NAMES, HOSTS]).unwrap_err().contains("GATEWAY_ACME_HOSTS"));
    }

    #[test]
    fn an_authority_is_asked_for_hosts_at_an_address_of_https() {
        let read = |directory| {
            let vars = [LISTEN, FOLDER, HOSTS, ("GATEWAY_ACME_DIRECTORY", directory)];
            read(vars).map(|tls| tls.unwrap().acme.unwrap())
        };

        let acme = read("").unwrap();
        let hosts: Vec<&str> = acme.hosts.iter().map(Host::as_str).collect();
        assert_eq!(hosts, ["blog.example", "www.blog.example"]);
        assert_eq!(acme.directory, AcmeSettings::PRODUCTION);
        assert_eq!(read("staging").unwrap().directory, AcmeSettings::STAGING);
        assert_eq!(read("https://ca.example/d").unwrap().directory, "https://ca.example/d");
        assert!(read("http://ca.example/d").unwrap_err().contains("GATEWAY_ACME_DIRECTORY"));
    }

    #[test]
    fn the_proof_is_one_of_two() {
        let read = |challenge| {
            let vars = [LISTEN, FOLDER, HOSTS, ("GATEWAY_ACME_CHALLENGE", challenge)];
            read(vars).map(|tls| tls.unwrap().acme.unwrap().challenge)
        };

        assert_eq!(read("").unwrap(), Challenge::Http01);
        assert_eq!(read("tls-alpn-01").unwrap(), Challenge::TlsAlpn01);
        assert!(read("dns-01").unwrap_err().contains("GATEWAY_ACME_CHALLENGE"));
    }

    #[test]
    fn a_host_is_a_name_and_no_address() {
        for good in ["blog.example", "localhost", "xn--0zwm56d.example", "1.example"] {
            assert!(good.parse::<Host>().is_ok(), "{good}");
        }
        for bad in ["", "a..b", "*.example", "1.2.3.4", "-a.example", "a/b", "a:80", "a."] {
            assert!(bad.parse::<Host>().is_err(), "{bad}");
        }
    }
}
