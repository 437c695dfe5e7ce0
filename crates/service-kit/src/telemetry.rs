//! Logs: JSON lines in containers, readable text on a desk.

mod json;
mod lines;

use self::json::JsonLine;
use self::lines::Lines;
use crate::Vars;
use std::fs::File;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::OnceLock;
use tracing_subscriber::EnvFilter;

/// Starts logging to standard output. `LOG_FORMAT` is `json` or `text` (default), `LOG_LEVEL` a
/// filter such as `info` (default) or `warn,blog_static=debug`. A second call changes nothing.
pub fn init(vars: &impl Vars) {
    init_at(vars, "info");
}

/// As [`init`], with another level than `info` if `LOG_LEVEL` is not set.
pub fn init_at(vars: &impl Vars, level: &str) {
    start(vars, level, std::io::stdout().as_fd());
}

/// As [`init`], to standard error: for a command whose standard output is what was asked for.
pub fn init_to_stderr(vars: &impl Vars) {
    start(vars, "info", std::io::stderr().as_fd());
}

/// Whether `LOG_FORMAT` asks for JSON.
#[must_use]
pub fn is_json(vars: &impl Vars) -> bool {
    vars.get("LOG_FORMAT").ok().flatten().is_some_and(|format| format == "json")
}

/// Writes what may still wait of the access log. A program does so before it ends.
pub fn flush() {
    if let Some(lines) = LINES.get() {
        lines.flush();
    }
}

static LINES: OnceLock<Lines> = OnceLock::new();

fn start(vars: &impl Vars, level: &str, to: BorrowedFd<'_>) {
    // There is nobody to tell.
    let Ok(to) = to.try_clone_to_owned() else { return };
    let lines = LINES.get_or_init(|| Lines::new(File::from(to)));
    let level = vars.get("LOG_LEVEL").ok().flatten().unwrap_or_else(|| level.to_owned());
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines);
    // Another call came first: its choice stands.
    let _ =
        if is_json(vars) { builder.event_format(JsonLine).try_init() } else { builder.try_init() };
}
