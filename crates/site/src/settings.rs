//! `site.toml`: what a writer can set. Every setting has a default, and so has the file.

use crate::SiteError;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::path::Path;
use std::{fs, io};

/// What a writer can set in `site.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `title`: the blog's name.
    pub title: String,
    /// `author`: who writes it.
    pub author: String,
    /// `description`: one sentence for search engines.
    pub description: String,
    /// `base_url`: scheme and host of the public address, without a final slash.
    pub base_url: String,
    /// `language`: BCP 47; labels are Chinese if it begins with `zh`, else English.
    pub language: String,
    /// `time_zone`: the IANA name of the zone that days are in.
    pub time_zone: String,
    /// `feed`: whether there is an Atom feed.
    pub feed: bool,
    /// `page_size`: posts on a page of the home list.
    pub page_size: usize,
    /// `include`: globs of files to publish; empty means all.
    pub include: Vec<String>,
    /// `exclude`: globs of files never to publish.
    pub exclude: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            title: "Inkstack".into(),
            author: String::new(),
            description: String::new(),
            base_url: "http://localhost:8080".into(),
            language: "zh-CN".into(),
            time_zone: "Asia/Shanghai".into(),
            feed: true,
            page_size: 20,
            include: Vec::new(),
            exclude: Vec::new(),
        }
    }
}

impl Settings {
    /// Reads `site.toml` in `content`, or takes the defaults if there is none.
    ///
    /// # Errors
    ///
    /// [`SiteError::Settings`] names the wrong setting with line and column.
    pub fn read(content: &Path) -> Result<Self, SiteError> {
        let path = content.join("site.toml");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(SiteError::Read { path, source }),
        };
        let wrong = |message: String| SiteError::Settings { path: path.clone(), message };
        let mut settings: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        settings.base_url.truncate(settings.base_url.trim_end_matches('/').len());
        settings.zone().map_err(|error| wrong(format!("`time_zone`: {error}")))?;
        if settings.page_size == 0 {
            return Err(wrong("`page_size` is 0: write at least 1".into()));
        }
        Ok(settings)
    }

    /// The zone that days are in.
    ///
    /// # Errors
    ///
    /// If the name is unknown, which [`Settings::read`] has ruled out.
    pub fn zone(&self) -> Result<TimeZone, jiff::Error> {
        TimeZone::get(&self.time_zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, SiteError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("site.toml"), text).unwrap();
        Settings::read(folder.path())
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_line() {
        for text in ["title = \"x\"\npage_size = \"many\"", "title = \"x\"\ncolour = 1"] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains("line 2"), "{error}");
        }
        assert!(
            read("time_zone = \"Mars/Olympus\"").unwrap_err().to_string().contains("time_zone")
        );
    }

    #[test]
    fn everything_has_a_default() {
        assert_eq!(read("").unwrap().time_zone, "Asia/Shanghai");
        assert_eq!(read("base_url = \"https://x.org/\"").unwrap().base_url, "https://x.org");
    }
}
