//! The theme: templates, words of the interface, style and scripts.
//!
//! What is in `theme/` of the content folder takes the place of the file of the same name here, so
//! a writer changes one template or one word without a fork.

use crate::SiteError;
use crate::inline::Inline;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, context};
use release::content_hash;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

macro_rules! shipped {
    ($folder:literal: $($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../theme/", $folder, "/", $name)))),*]
    };
}

const TEMPLATES: [(&str, &str); 13] = shipped!("templates":
    "archive.html", "base.html", "feed.xml", "home.html", "list.html", "llms.txt", "page.html",
    "post.html", "search.html", "series.html", "sitemap.xml", "tag.html", "tags.html",
);
const WORDS: [(&str, &str); 2] = shipped!("words": "en.toml", "zh.toml");
const ASSETS: [(&str, &str); 4] =
    shipped!("assets": "comments.js", "script.js", "seal.svg", "theme.js");
const STYLE: &str = include_str!("../../../theme/assets/style.css");

/// The theme of one site.
#[derive(Debug)]
pub(crate) struct Theme {
    templates: Environment<'static>,
    words: BTreeMap<String, Value>,
    /// Files to be served, by route.
    pub(crate) assets: Vec<Asset>,
    /// The addresses of the assets, for templates.
    pub(crate) urls: Value,
    /// The styles that stand in every page: the theme's, and the writer's own after it.
    pub(crate) styles: Vec<Inline>,
    /// The script that stands in every page.
    pub(crate) script: Inline,
}

/// A file of the theme that is served.
#[derive(Debug)]
pub(crate) struct Asset {
    pub(crate) route: String,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// Whether its name contains its hash.
    pub(crate) is_immutable: bool,
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

impl Theme {
    /// The theme for the content folder `content`, whose own style, if any, is `custom`.
    ///
    /// # Errors
    ///
    /// [`SiteError::Theme`] names the file and line of a template that cannot be read.
    pub(crate) fn open(content: &Path, custom: &str) -> Result<Self, SiteError> {
        let own = content.join("theme");
        let mut templates = Environment::new();
        prepare(&mut templates);
        for (name, shipped) in TEMPLATES {
            let text = override_of(&own.join("templates").join(name))?;
            let text = text.unwrap_or_else(|| shipped.to_owned());
            templates.add_template_owned(name, text).map_err(SiteError::theme)?;
        }
        let text = |(name, shipped): (&str, &str)| -> Result<String, SiteError> {
            let text = override_of(&own.join("assets").join(name))?;
            Ok(text.unwrap_or_else(|| shipped.to_owned()))
        };
        let [comments, script, seal, early] = ASSETS;
        let style = override_of(&own.join("assets/style.css"))?.unwrap_or_else(shipped_style);
        let mut styles = vec![Inline::style("theme/assets/style.css", &style)?];
        if !custom.is_empty() {
            let path = content.join(custom);
            let text =
                fs::read_to_string(&path).map_err(|source| SiteError::Read { path, source })?;
            styles.push(Inline::style(custom, &text)?);
        }
        let early = Inline::script("theme/assets/theme.js", &text(early)?)?;
        let (words, assets, urls) = (words(&own)?, Vec::new(), Value::UNDEFINED);
        let mut theme = Self { templates, words, assets, urls, styles, script: early };
        let (script, comments) = (text(script)?, text(comments)?);
        theme.urls = context! {
            script => theme.hashed("script", script),
            comments => theme.hashed("comments", comments),
        };
        theme.fixed("/favicon.svg", "image/svg+xml", text(seal)?.into_bytes());
        let ico = include_bytes!("../../../theme/assets/favicon.ico");
        let touch = include_bytes!("../../../theme/assets/apple-touch-icon.png");
        let icon = include_bytes!("../../../theme/assets/icon-512.png");
        theme.fixed("/favicon.ico", "image/x-icon", or_own(&own, "favicon.ico", ico)?);
        let touch = or_own(&own, "apple-touch-icon.png", touch)?;
        theme.fixed("/apple-touch-icon.png", "image/png", touch);
        theme.fixed("/icon-512.png", "image/png", or_own(&own, "icon-512.png", icon)?);
        Ok(theme)
    }

    /// The page that the template `name` makes of `context`.
    pub(crate) fn render(&self, name: &str, context: Value) -> Result<String, SiteError> {
        let template = self.templates.get_template(name).map_err(SiteError::theme)?;
        template.render(context).map_err(SiteError::theme)
    }

    /// The words of the interface in the BCP 47 language `language`, or else in English.
    pub(crate) fn words(&self, language: &str) -> Value {
        let primary = language.split('-').next().unwrap_or_default();
        let words = [language, primary, "en"].iter().find_map(|name| self.words.get(*name));
        words.cloned().unwrap_or_default()
    }

    /// Serves the script `text` below an address that nothing else ever has.
    fn hashed(&mut self, stem: &str, text: String) -> String {
        let route = format!("/assets/{stem}.{}.js", content_hash(text.as_bytes()).short());
        self.assets.push(Asset {
            route: route.clone(),
            content_type: JAVASCRIPT,
            bytes: text.into_bytes(),
            is_immutable: true,
        });
        route
    }

    fn fixed(&mut self, route: &str, content_type: &'static str, bytes: Vec<u8>) {
        let route = route.to_owned();
        self.assets.push(Asset { route, content_type, bytes, is_immutable: false });
    }
}

/// The theme's style without what only its reader needs, since it is sent with every page. A
/// writer's own stays as it was written.
fn shipped_style() -> String {
    minifier::css::minify(STYLE).map_or_else(|_| STYLE.to_owned(), |style| style.to_string())
}

/// The text of a file of the writer's own theme, if there is one.
fn override_of(path: &Path) -> Result<Option<String>, SiteError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SiteError::Read { path: path.to_owned(), source }),
    }
}

fn or_own(own: &Path, name: &str, shipped: &[u8]) -> Result<Vec<u8>, SiteError> {
    let path = own.join("assets").join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(shipped.to_vec()),
        Err(source) => Err(SiteError::Read { path, source }),
    }
}

/// The words of every language. A file of the writer's own may have a few of them: the rest is as
/// shipped, or English.
fn words(own: &Path) -> Result<BTreeMap<String, Value>, SiteError> {
    let mut tables: BTreeMap<String, toml::Table> = BTreeMap::new();
    for (name, text) in WORDS {
        let table = toml::from_str(text).unwrap_or_else(|_| unreachable!("a test reads {name}"));
        tables.insert(name.trim_end_matches(".toml").to_owned(), table);
    }
    let english = tables["en"].clone();
    for path in toml_files(&own.join("words"))? {
        let Some(text) = override_of(&path)? else { continue };
        let own: toml::Table = toml::from_str(&text).map_err(|error| SiteError::Theme {
            place: path.display().to_string(),
            message: error.to_string(),
        })?;
        let language = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        tables.entry(language).or_insert_with(|| english.clone()).extend(own);
    }
    Ok(tables.into_iter().map(|(name, table)| (name, Value::from(Serde(table)))).collect())
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, SiteError> {
    let failed = |source| SiteError::Read { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(failed)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
}

/// What templates may use.
fn prepare(templates: &mut Environment<'static>) {
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    templates.set_syntax(syntax.unwrap_or_default());
    templates.set_formatter(format);
    templates.set_auto_escape_callback(|name| {
        let is_text = name.rsplit_once('.').is_some_and(|(_, extension)| extension == "txt");
        if is_text { AutoEscape::None } else { AutoEscape::Html }
    });
}

/// Escapes `& < > "` and nothing else: addresses stay readable.
fn format(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let is_escaped = *state.auto_escape() == AutoEscape::Html && !value.is_safe();
    let write = |out: &mut Output| -> fmt::Result {
        match value.as_str() {
            Some(text) if is_escaped => {
                let mut rest = text;
                while let Some(at) = rest.find(['&', '<', '>', '"']) {
                    out.write_str(&rest[..at])?;
                    out.write_str(match rest.as_bytes()[at] {
                        b'&' => "&amp;",
                        b'<' => "&lt;",
                        b'>' => "&gt;",
                        _ => "&quot;",
                    })?;
                    rest = &rest[at + 1..];
                }
                out.write_str(rest)
            }
            Some(text) => out.write_str(text),
            None if value.is_undefined() || value.is_none() => Ok(()),
            None => write!(out, "{value}"),
        }
    };
    write(out).map_err(|error| Error::new(ErrorKind::WriteFailure, "a page").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    #[test]
    fn every_language_has_the_same_words() {
        let names = |text: &str| -> Vec<String> {
            toml::from_str::<toml::Table>(text).unwrap().keys().cloned().collect()
        };

        assert_eq!(names(WORDS[0].1), names(WORDS[1].1));
    }

    #[test]
    fn a_writers_own_files_take_the_place_of_the_themes() {
        let content = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = content.path().join("theme").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("templates/page.html", "{{ title }}|{{ title|safe }}|{{ words.archive }}");
        write("assets/style.css", "/* mine */");
        write("words/fr.toml", "archive = \"Archives\"");

        let theme = Theme::open(content.path(), "").unwrap();
        let words = theme.words("fr-CA");
        let page = theme.render("page.html", context! { title => "<a>", words }).unwrap();

        assert_eq!(page, "&lt;a&gt;|<a>|Archives");
        assert_eq!(theme.styles[0].value().as_str(), Some("/* mine */"));
        assert_eq!(theme.words("fr").get_attr("tags").unwrap().to_string(), "Tags");
    }

    #[test]
    fn a_fault_in_a_template_is_named_with_file_and_line() {
        let content = tempfile::tempdir().unwrap();
        let folder = content.path().join("theme/templates");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("page.html"), "\n{% if %}").unwrap();

        let error = Theme::open(content.path(), "").unwrap_err().to_string();

        assert!(error.starts_with("theme/templates/page.html:2: "), "{error}");
    }
}
