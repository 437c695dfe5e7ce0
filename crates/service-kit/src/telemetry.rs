//! Logs: JSON lines in containers, readable text on a desk.

mod json;

use self::json::JsonLine;
use crate::Vars;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Starts logging to standard output. `LOG_FORMAT` is `json` or `text` (default), `LOG_LEVEL` a
/// filter such as `info` (default) or `warn,blog_static=debug`. A second call changes nothing.
pub fn init(vars: &impl Vars) {
    start(vars, "info", std::io::stdout);
}

/// As [`init`], with another level than `info` if `LOG_LEVEL` is not set.
pub fn init_at(vars: &impl Vars, level: &str) {
    start(vars, level, std::io::stdout);
}

/// As [`init`], to standard error: for a command whose standard output is what was asked for.
pub fn init_to_stderr(vars: &impl Vars) {
    start(vars, "info", std::io::stderr);
}

/// Whether `LOG_FORMAT` asks for JSON.
#[must_use]
pub fn is_json(vars: &impl Vars) -> bool {
    vars.get("LOG_FORMAT").ok().flatten().is_some_and(|format| format == "json")
}

fn start<W>(vars: &impl Vars, level: &str, writer: W)
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let level = vars.get("LOG_LEVEL").ok().flatten().unwrap_or_else(|| level.to_owned());
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    // Another call came first: its choice stands.
    let _ =
        if is_json(vars) { builder.event_format(JsonLine).try_init() } else { builder.try_init() };
}
