//! What can be set.

use domain::ReleaseId;
use service_kit::{SettingError, Vars};
use std::time::Duration;
use store::StoreSettings;

/// The job's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `CONTENT_LOADER_BLOG_STATIC`: `host:port` of blog-static; every address that the name
    /// resolves to is a replica.
    pub blog_static: String,
    /// `EXPECTED_RELEASE`: the id of the release to register. Unset means the one that all
    /// replicas agree on.
    pub expected: Option<ReleaseId>,
    /// `CONTENT_LOADER_DEADLINE`: how long to wait for neighbours.
    pub deadline: Duration,
    /// `CONTENT_LOADER_LEASE`: how long a loader that died keeps the next one waiting.
    pub lease: Duration,
    /// `CONTENT_LOADER_KEEP`: how many releases can be gone back to.
    pub keep: u32,
    /// Where to register.
    pub store: StoreSettings,
}

impl Settings {
    const BLOG_STATIC: &str = "127.0.0.1:8082";
    const DEADLINE: Duration = Duration::from_mins(5);
    const LEASE: Duration = Duration::from_secs(30);
    const KEEP: u32 = 5;

    /// Reads the settings; each has a default.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn from_vars(vars: &impl Vars) -> Result<Self, SettingError> {
        let blog_static = vars.get("CONTENT_LOADER_BLOG_STATIC")?;
        let keep = vars.parsed("CONTENT_LOADER_KEEP", "a number of releases such as `5`")?;
        Ok(Self {
            blog_static: blog_static.unwrap_or_else(|| Self::BLOG_STATIC.into()),
            expected: vars.parsed("EXPECTED_RELEASE", "the 64 digits of a release's id")?,
            deadline: vars.duration("CONTENT_LOADER_DEADLINE")?.unwrap_or(Self::DEADLINE),
            lease: vars.duration("CONTENT_LOADER_LEASE")?.unwrap_or(Self::LEASE),
            keep: keep.unwrap_or(Self::KEEP),
            store: StoreSettings::from_vars(vars)?,
        })
    }
}
