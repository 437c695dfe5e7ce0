//! Chromium without a window.

use crate::server::{find_program, required, variable};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The browser's program, or `None` with a word on standard error if the machine has none.
///
/// # Panics
///
/// If there is none and `./test` has promised one.
#[must_use]
pub fn browser() -> Option<PathBuf> {
    find_program("chromium")
}

/// Node.js and the folder of modules that `tools/browser` installs, or `None` with a word on
/// standard error if the machine has none.
///
/// # Panics
///
/// If there is none and `./test` has promised one.
#[must_use]
pub fn node() -> Option<(PathBuf, PathBuf)> {
    let program = find_program("node")?;
    let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")))?;
    let modules = cache.join("inkstack/npm/node_modules");
    if !modules.join("playwright-core").is_dir() {
        required("playwright-core", "tools/browser");
        return None;
    }
    Some((program, modules))
}

/// Opens `url` in `browser` and returns the page as it stands when it has loaded.
///
/// # Panics
///
/// If the browser does not start.
#[must_use]
pub fn dump_dom(browser: &Path, url: &str) -> String {
    let profile = tempfile::tempdir().expect("a temporary folder can be made");
    let output = Command::new("timeout")
        .arg("60")
        .arg(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            // Scripts may ask the server first.
            "--virtual-time-budget=10000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(url)
        .output()
        .expect("the browser starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
