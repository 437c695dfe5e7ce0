//! What can be set.

use service_kit::{SettingError, Vars};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The service's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `BLOG_STATIC_LISTEN`: where to accept connections. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// `BLOG_STATIC_RELEASE`: the folder that `inkstack build` wrote.
    pub release: PathBuf,
}

/// Loopback, so that a fresh checkout cannot be reached from outside.
impl Default for Settings {
    fn default() -> Self {
        Self { listen: ([127, 0, 0, 1], 8082).into(), release: "public".into() }
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
        let listen = vars.parsed("BLOG_STATIC_LISTEN", "an address such as `127.0.0.1:8082`")?;
        Ok(Self {
            listen: listen.unwrap_or(default.listen),
            release: vars.get("BLOG_STATIC_RELEASE")?.map_or(default.release, PathBuf::from),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use service_kit::MapVars;

    #[test]
    fn the_sample_names_every_setting_with_its_default() {
        let sample = include_str!("../../.env.sample");
        let line = |name: &str| {
            let line = sample.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
            line.unwrap_or_else(|| panic!("{name} is missing")).to_owned()
        };
        let (listen, release) = (line("BLOG_STATIC_LISTEN"), line("BLOG_STATIC_RELEASE"));

        assert_eq!(listen, Settings::default().listen.to_string());
        assert_eq!(PathBuf::from(release), Settings::default().release);
    }

    #[test]
    fn a_bad_address_names_its_setting() {
        let vars = MapVars::from([("BLOG_STATIC_LISTEN", "here")]);

        let error = Settings::from_vars(&vars).unwrap_err().to_string();

        assert!(error.contains("BLOG_STATIC_LISTEN"), "{error}");
    }
}
