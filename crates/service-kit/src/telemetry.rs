//! Logs: JSON lines in containers, readable text on a desk.

use crate::Vars;
use tracing_subscriber::EnvFilter;

/// Starts logging to standard output. `LOG_FORMAT` is `json` or `text` (default), `LOG_LEVEL` a
/// filter such as `info` (default) or `warn,blog_static=debug`. A second call changes nothing.
pub fn init(vars: &impl Vars) {
    init_at(vars, "info");
}

/// As [`init`], with another level than `info` if `LOG_LEVEL` is not set.
pub fn init_at(vars: &impl Vars, level: &str) {
    let level = vars.get("LOG_LEVEL").ok().flatten().unwrap_or_else(|| level.to_owned());
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    let is_json = vars.get("LOG_FORMAT").ok().flatten().is_some_and(|format| format == "json");
    // Another call came first: its choice stands.
    let _ =
        if is_json { builder.json().flatten_event(true).try_init() } else { builder.try_init() };
}
