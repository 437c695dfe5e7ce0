//! `[comments]`: who shows comments below a post.

use super::is_script;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who shows comments below a post.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Comments {
    /// `comments.provider`: `inkstack` is the blog's own API, `script` the service of `comments.script`.
    pub provider: CommentProvider,
    /// `comments.script`: address of its script; empty means no comments.
    pub script: String,
    /// `comments.element`: the `id` of the element that it fills, if it wants one.
    pub element: String,
    /// `comments.data`: the `data-` attributes that its script wants, without `data-`.
    pub data: BTreeMap<String, String>,
}

/// Who keeps comments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CommentProvider {
    /// A service of the writer's choice, if one is named.
    #[default]
    Script,
    /// The blog's own API, which must take comments too (`API_COMMENTS`).
    Inkstack,
}

impl Comments {
    /// The first setting whose value cannot be used, and why.
    pub(super) fn wrong(&self) -> Option<(&'static str, String)> {
        if !self.script.is_empty() && !is_script(&self.script) {
            let remedy = "give the address of the service's script";
            return Some(("script", format!("`comments.script` is no address: {remedy}")));
        }
        if self.provider == CommentProvider::Inkstack && !self.script.is_empty() {
            let remedy = "remove it, or write `provider = \"script\"`";
            return Some(("script", format!("`comments.script` is not for `inkstack`: {remedy}")));
        }
        let is_name = |name: &String| {
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let name = self.data.keys().find(|name| !is_name(name))?;
        let remedy = "write lower-case letters, digits and `-`";
        Some(("data", format!("`comments.data`: `{name}` is no name: {remedy}")))
    }
}
