//! Which files of a content folder may be posts.

use crate::{Settings, SiteError};
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// A Markdown file that may be a post.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Relative to the content folder, with `/`.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// Folders whose files are never published.
const HIDDEN: [&str; 3] = ["hide", "todo", "drafts"];

/// Every Markdown file below `content` that is not kept back, by name. Symbolic links are passed
/// over, so nothing outside the folder can be published.
pub(crate) fn files(content: &Path, settings: &Settings) -> Result<Vec<File>, SiteError> {
    let include = globs(content, &settings.include)?;
    let exclude = globs(content, &settings.exclude)?;
    let mut files = Vec::new();
    for entry in WalkDir::new(content).sort_by_file_name().into_iter().filter_entry(is_open) {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(content).to_owned();
            SiteError::Read { path, source: error.into() }
        })?;
        let Some(name) = name(content, entry.path()) else { continue };
        let is_wanted = entry.file_type().is_file()
            && entry.path().extension().is_some_and(|extension| extension == "md")
            && !is_own(&name)
            && (include.is_empty() || include.is_match(&name))
            && !exclude.is_match(&name);
        if is_wanted {
            files.push(File { name, path: entry.into_path() });
        }
    }
    Ok(files)
}

/// The about page and README files are not posts.
fn is_own(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    name == "about.md" || file.to_ascii_lowercase().starts_with("readme")
}

fn is_open(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    // The writer's own theme is no post, whatever is in it.
    let is_theme = entry.depth() == 1 && name == "theme";
    entry.depth() == 0 || !(is_theme || name.starts_with('.') || HIDDEN.contains(&name.as_ref()))
}

/// `path` below `content` with `/`; `None` for a name that is not UTF-8.
fn name(content: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(content).ok()?.iter().map(|part| part.to_str());
    Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
}

fn globs(content: &Path, patterns: &[String]) -> Result<GlobSet, SiteError> {
    let wrong = |error: globset::Error| SiteError::Settings {
        path: content.join("site.toml"),
        line: 1,
        col: 1,
        message: format!("a glob cannot be used: {error}"),
    };
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern).map_err(wrong)?);
    }
    set.build().map_err(wrong)
}
