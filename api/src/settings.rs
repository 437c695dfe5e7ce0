//! What can be set.

use secrecy::{ExposeSecret, SecretString};
use service_kit::{SettingError, Vars};
use std::net::SocketAddr;
use std::time::Duration;
use store::{RedisSettings, StoreSettings};

/// The service's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `API_LISTEN`: where to accept connections. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// `API_ADMIN_LISTEN`: where to answer `/livez`, `/readyz` and `/metrics`.
    pub admin_listen: SocketAddr,
    /// `API_SITE_TITLE`: the blog's name, as `/api/v1/site` gives it.
    pub site_title: String,
    /// `API_POLL`: how often to ask the store which release readers see.
    pub poll: Duration,
    /// `API_CACHE_BYTES`: how many bytes of answers are kept in memory.
    pub cache_bytes: u64,
    /// `API_COUNT_INTERVAL`: how often views and likes are taken over into the store.
    pub count_interval: Duration,
    /// `API_COUNTS_AGE`: how old the views and likes in answers may be; they are kept in caches for
    /// that long.
    pub counts_age: Duration,
    /// `API_WRITES_PER_MINUTE`: how often one reader may view and like in a minute.
    pub writes_per_minute: u32,
    /// Whether readers may write below posts, and how.
    pub comments: CommentSettings,
    /// `API_DRAIN`: how long requests in hand may take after being asked to stop.
    pub drain: Duration,
    /// From where to read posts.
    pub store: StoreSettings,
    /// Where answers are kept that other replicas can use too.
    pub redis: RedisSettings,
}

/// Whether readers may write below posts, and how.
#[derive(Debug, Clone)]
pub struct CommentSettings {
    /// `API_COMMENTS`: `off`, `held` until somebody has looked at them, or `open`.
    pub mode: CommentMode,
    /// `API_ADMIN_TOKEN`: what whoever moderates sends as a bearer token; at least 32 characters. What
    /// replicas sign is signed with it, and addresses are hashed with it.
    pub token: SecretString,
    /// `API_COMMENT_BITS`: how much work a comment is: one more bit is twice as much.
    pub bits: u8,
    /// `API_COMMENTS_PER_HOUR`: how many comments one reader may write in an hour.
    pub per_hour: u32,
}

/// What becomes of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentMode {
    /// Nobody can write one.
    Off,
    /// It waits until somebody has looked at it.
    Held,
    /// Everybody reads it at once.
    Open,
}

impl CommentSettings {
    const BITS: u8 = 16;
    /// A browser takes a minute.
    const MAX_BITS: u8 = 24;
    const PER_HOUR: u32 = 5;
    const MIN_TOKEN_CHARS: usize = 32;

    fn from_vars(vars: &impl Vars) -> Result<Self, SettingError> {
        let malformed = |name: &str, wanted| SettingError::Malformed { name: name.into(), wanted };
        let mode = match vars.get("API_COMMENTS")?.as_deref() {
            None | Some("off") => CommentMode::Off,
            Some("held") => CommentMode::Held,
            Some("open") => CommentMode::Open,
            Some(_) => return Err(malformed("API_COMMENTS", "`off`, `held` or `open`")),
        };
        let token = vars.secret("API_ADMIN_TOKEN")?.unwrap_or_default();
        let is_short = token.expose_secret().chars().count() < Self::MIN_TOKEN_CHARS;
        if is_short && (mode != CommentMode::Off || !token.expose_secret().is_empty()) {
            let wanted =
                "at least 32 characters that nobody guesses, as `openssl rand -hex 32` gives";
            return Err(malformed("API_ADMIN_TOKEN", wanted));
        }
        let wanted = "a number from 0 to 24";
        let bits = vars.parsed("API_COMMENT_BITS", wanted)?.unwrap_or(Self::BITS);
        if bits > Self::MAX_BITS {
            return Err(malformed("API_COMMENT_BITS", wanted));
        }
        let per_hour = vars.parsed("API_COMMENTS_PER_HOUR", "a number")?;
        Ok(Self { mode, token, bits, per_hour: per_hour.unwrap_or(Self::PER_HOUR) })
    }
}

impl Settings {
    const LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 8081);
    const ADMIN_LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 9081);
    const SITE_TITLE: &str = "Inkstack";
    const POLL: Duration = Duration::from_millis(100);
    const CACHE_BYTES: u64 = 8 * 1024 * 1024;
    const COUNT_INTERVAL: Duration = Duration::from_secs(1);
    const COUNTS_AGE: Duration = Duration::from_secs(10);
    const WRITES_PER_MINUTE: u32 = 60;
    const DRAIN: Duration = Duration::from_secs(10);

    /// Reads the settings; each has a default.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn from_vars(vars: &impl Vars) -> Result<Self, SettingError> {
        let address = "an address such as `127.0.0.1:8081`";
        let listen = vars.parsed("API_LISTEN", address)?;
        let admin_listen = vars.parsed("API_ADMIN_LISTEN", address)?;
        let cache_bytes = vars.parsed("API_CACHE_BYTES", "a number of bytes")?;
        let writes_per_minute = vars.parsed("API_WRITES_PER_MINUTE", "a number")?;
        Ok(Self {
            listen: listen.unwrap_or_else(|| Self::LISTEN.into()),
            admin_listen: admin_listen.unwrap_or_else(|| Self::ADMIN_LISTEN.into()),
            site_title: vars.get("API_SITE_TITLE")?.unwrap_or_else(|| Self::SITE_TITLE.into()),
            poll: vars.duration("API_POLL")?.unwrap_or(Self::POLL),
            cache_bytes: cache_bytes.unwrap_or(Self::CACHE_BYTES),
            count_interval: vars.duration("API_COUNT_INTERVAL")?.unwrap_or(Self::COUNT_INTERVAL),
            counts_age: vars.duration("API_COUNTS_AGE")?.unwrap_or(Self::COUNTS_AGE),
            writes_per_minute: writes_per_minute.unwrap_or(Self::WRITES_PER_MINUTE),
            comments: CommentSettings::from_vars(vars)?,
            drain: vars.duration("API_DRAIN")?.unwrap_or(Self::DRAIN),
            store: StoreSettings::from_vars(vars)?,
            redis: RedisSettings::from_vars(vars)?,
        })
    }
}
