//! What can be set.

use service_kit::{SettingError, Vars};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The service's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `BLOG_STATIC_LISTEN`: where to accept connections. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// `BLOG_STATIC_ADMIN_LISTEN`: where to answer `/livez`, `/readyz` and `/metrics`.
    pub admin_listen: SocketAddr,
    /// `BLOG_STATIC_RELEASE`: the folder that `inkstack build` wrote, or will write.
    pub release: PathBuf,
    /// `BLOG_STATIC_API`: the API, `host:port`, that searches for readers without JavaScript.
    pub api: String,
    /// `BLOG_STATIC_CACHE_BYTES`: how many bytes of pages are kept in memory.
    pub cache_bytes: u64,
    /// `BLOG_STATIC_DRAIN`: how long requests in hand may take after being asked to stop.
    pub drain: Duration,
}

/// Loopback, so that a fresh checkout cannot be reached from outside.
impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 8082).into(),
            admin_listen: ([127, 0, 0, 1], 9082).into(),
            release: "public".into(),
            api: "127.0.0.1:8081".into(),
            cache_bytes: 8 * 1024 * 1024,
            drain: Duration::from_secs(10),
        }
    }
}

impl Settings {
    /// Reads the settings; each has a default.
    ///
    /// # Errors
    ///
    /// The first setting that is malformed.
    pub fn from_vars(vars: &impl Vars) -> Result<Self, SettingError> {
        let default = Self::default();
        let address = "an address such as `127.0.0.1:8082`";
        let listen = vars.parsed("BLOG_STATIC_LISTEN", address)?;
        let admin_listen = vars.parsed("BLOG_STATIC_ADMIN_LISTEN", address)?;
        let cache_bytes = vars.parsed("BLOG_STATIC_CACHE_BYTES", "a number of bytes")?;
        Ok(Self {
            listen: listen.unwrap_or(default.listen),
            admin_listen: admin_listen.unwrap_or(default.admin_listen),
            release: vars.get("BLOG_STATIC_RELEASE")?.map_or(default.release, PathBuf::from),
            api: vars.get("BLOG_STATIC_API")?.unwrap_or(default.api),
            cache_bytes: cache_bytes.unwrap_or(default.cache_bytes),
            drain: vars.duration("BLOG_STATIC_DRAIN")?.unwrap_or(default.drain),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use service_kit::MapVars;

    #[test]
    fn a_bad_address_names_its_setting() {
        let vars = MapVars::from([("BLOG_STATIC_LISTEN", "here")]);

        let error = Settings::from_vars(&vars).unwrap_err().to_string();

        assert!(error.contains("BLOG_STATIC_LISTEN"), "{error}");
    }
}
