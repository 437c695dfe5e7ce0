//! `site.toml`: what a writer can set. Every setting has a default, and so has the file.
//!
//! `docs/settings.md` explains each; a test compares the two.

mod comment;
mod policy;

pub use comment::{CommentProvider, Comments};
pub use policy::Policy;
pub(crate) use policy::origin;

use crate::SiteError;
use globset::Glob;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::{fs, io};

/// What a writer can set in `site.toml`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
pub struct Settings {
    /// `title`: the blog's name.
    pub title: String,
    /// `author`: who writes it.
    pub author: String,
    /// `description`: one sentence for the home page and for search engines.
    pub description: String,
    /// `base_url`: scheme and host of the public address, without a final slash.
    pub base_url: String,
    /// `language`: BCP 47; the interface is in it as far as `theme/words` has it, else English.
    pub language: String,
    /// `time_zone`: the IANA name of the zone that days are in.
    pub time_zone: String,
    /// `feed`: whether there is an Atom feed.
    pub feed: bool,
    /// `json_feed`: whether there is a JSON feed.
    pub json_feed: bool,
    /// `page_size`: posts on a page of the home list.
    pub page_size: usize,
    /// `menu`: links at the head of every page; empty means archive, tags and about.
    pub menu: Vec<MenuEntry>,
    /// `footer`: a sentence at the foot of every page.
    pub footer: String,
    /// `icp`: the record number that sites in mainland China must show.
    pub icp: String,
    /// `license`: under which the posts may be used, at their end.
    pub license: String,
    /// `license_url`: where its text is.
    pub license_url: String,
    /// `edit_url`: where a post's source is; `{file}` stands for its name in the content folder.
    pub edit_url: String,
    /// `views`: whether posts are counted and show their count.
    pub views: bool,
    /// `share_pictures`: whether every post has a picture with its title, for social networks.
    pub share_pictures: bool,
    /// `picture_variants`: whether browsers are offered smaller forms of PNG and JPEG pictures.
    pub picture_variants: bool,
    /// `analytics`: address of a script of a statistics service; empty means none.
    pub analytics: String,
    /// `comments`: who shows comments below a post.
    pub comments: Comments,
    /// `style`: a CSS file in the content folder that comes after the theme's.
    pub style: String,
    /// `policy`: what pages may use beside the site's own files.
    pub policy: Policy,
    /// `security`: for `/.well-known/security.txt`.
    pub security: Security,
    /// `include`: globs of files to publish; empty means all.
    pub include: Vec<String>,
    /// `exclude`: globs of files never to publish.
    pub exclude: Vec<String>,
}

/// A link of the menu.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MenuEntry {
    /// `name`: what the reader sees.
    pub name: String,
    /// `url`: where it leads.
    pub url: String,
}

/// Whom to tell about a weakness (RFC 9116).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Security {
    /// `security.contact`: `mailto:` or `https:`; empty means that there is no such file.
    pub contact: String,
    /// `security.expires`: an instant after which the file is not to be believed.
    pub expires: String,
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
            json_feed: true,
            page_size: 20,
            menu: Vec::new(),
            footer: String::new(),
            icp: String::new(),
            license: String::new(),
            license_url: String::new(),
            edit_url: String::new(),
            views: true,
            share_pictures: true,
            picture_variants: true,
            analytics: String::new(),
            comments: Comments::default(),
            style: String::new(),
            policy: Policy::default(),
            security: Security::default(),
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
        let wrong =
            |(line, col), message| SiteError::Settings { path: path.clone(), line, col, message };
        let mut settings: Self = toml::from_str(&text).map_err(|error| {
            let place = place(&text, error.span().map_or(0, |span| span.start));
            wrong(place, error.message().to_owned())
        })?;
        settings.base_url.truncate(settings.base_url.trim_end_matches('/').len());
        match settings.wrong(content) {
            Some((name, message)) => Err(wrong(of_key(&text, name), message)),
            None => Ok(settings),
        }
    }

    /// The first setting whose value cannot be used, and why.
    fn wrong(&self, content: &Path) -> Option<(&'static str, String)> {
        let glob = |globs: &[String]| globs.iter().find_map(|glob| Glob::new(glob).err());
        if let Err(error) = self.zone() {
            return Some(("time_zone", format!("`time_zone`: {error}")));
        }
        if self.page_size == 0 {
            return Some(("page_size", "`page_size` is 0: write at least 1".into()));
        }
        if !is_url(&self.base_url) {
            let remedy = "begin it with `https://` or `http://`";
            return Some(("base_url", format!("`base_url` is no address: {remedy}")));
        }
        if !self.analytics.is_empty() && !is_script(&self.analytics) {
            let remedy = "give the address of a script, not the script";
            return Some(("analytics", format!("`analytics` is no address: {remedy}")));
        }
        if let Some(wrong) = self.comments.wrong().or_else(|| self.policy.wrong()) {
            return Some(wrong);
        }
        if !self.edit_url.is_empty() && !self.edit_url.contains("{file}") {
            let remedy = "write `{file}` where the post's name belongs";
            return Some(("edit_url", format!("`edit_url` has no place for the file: {remedy}")));
        }
        if !self.style.is_empty() && !content.join(&self.style).is_file() {
            return Some(("style", format!("`style`: there is no file `{}`", self.style)));
        }
        if !self.security.contact.is_empty() && self.security.expires.parse::<Timestamp>().is_err()
        {
            let remedy = "write an instant such as `2027-12-31T00:00:00Z` (RFC 9116 §2.5.5)";
            return Some(("expires", format!("`security.expires` is missing or wrong: {remedy}")));
        }
        if let Some(error) = glob(&self.include) {
            return Some(("include", format!("`include`: {error}")));
        }
        glob(&self.exclude).map(|error| ("exclude", format!("`exclude`: {error}")))
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

fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// Whether `text` is the address of a script that a policy can name.
fn is_script(text: &str) -> bool {
    is_url(text) && origin(text).is_some()
}

/// Line and column of the byte `at`, both counted from 1.
pub(crate) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// Where the setting `name` is written.
fn of_key(text: &str, name: &str) -> (usize, usize) {
    let is_key = |line: &str| {
        let rest = line.trim_start().strip_prefix(name);
        rest.is_some_and(|rest| rest.trim_start().starts_with(['=', ']']))
    };
    let line = text.lines().position(is_key);
    (line.map_or(1, |line| line + 1), 1)
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
    fn a_wrong_setting_is_named_with_file_and_line() {
        for (text, place) in [
            ("title = \"x\"\npage_size = \"many\"", "site.toml:2:13: "),
            ("title = \"x\"\ncolour = 1", "site.toml:2:1: "),
            ("\ntime_zone = \"Mars/Olympus\"", "site.toml:2:1: `time_zone`"),
            ("title = \"x\"\n\npage_size = 0", "site.toml:3:1: `page_size`"),
            ("base_url = \"blog.example.com\"", "site.toml:1:1: `base_url`"),
            ("analytics = \"<script>\"", "site.toml:1:1: `analytics`"),
            ("[comments]\nscript = \"embed.js\"", "site.toml:2:1: `comments.script`"),
            ("[comments]\nprovider = \"disqus\"", "site.toml:2:12: unknown variant"),
            (
                "[comments]\nprovider = \"inkstack\"\nscript = \"https://c.org/e.js\"",
                "site.toml:3:1: `comments.script`",
            ),
            ("[comments]\ndata = { \"a b\" = \"c\" }", "site.toml:2:1: `comments.data`"),
            ("analytics = \"https://a b/c.js\"", "site.toml:1:1: `analytics`"),
            ("[policy]\nframe-src = [\"a; b\"]", "site.toml:2:1: `policy.frame-src`"),
            ("[policy]\nframe-scr = []", "site.toml:2:1: unknown field `frame-scr`"),
            ("edit_url = \"https://x.org/\"", "site.toml:1:1: `edit_url`"),
            ("style = \"none.css\"", "site.toml:1:1: `style`"),
            ("[security]\ncontact = \"mailto:a@b.c\"\nexpires = \"soon\"", "site.toml:3:1: "),
            ("exclude = [\"[\"]", "site.toml:1:1: `exclude`"),
            ("[[menu]]\nname = \"x\"\nhref = \"/\"", "site.toml:3:1: "),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(place), "{error}");
        }
    }

    #[test]
    fn everything_has_a_default() {
        assert_eq!(read("").unwrap().time_zone, "Asia/Shanghai");
        assert_eq!(read("base_url = \"https://x.org/\"").unwrap().base_url, "https://x.org");
    }

    #[test]
    fn every_setting_is_explained_with_its_default() {
        let manual = include_str!("../../../docs/settings.md");
        let value = toml::Value::try_from(Settings::default()).unwrap();

        for (name, default) in value.as_table().unwrap() {
            let line = manual.lines().find(|line| line.starts_with(&format!("| `{name}`")));
            let line = line.unwrap_or_else(|| panic!("`{name}` is not in docs/settings.md"));
            if !default.is_table() {
                assert!(line.contains(&format!("`{default}`")), "{default} in {line}");
            }
        }
    }
}
