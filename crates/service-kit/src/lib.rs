//! What every service needs and none is about: settings, logs, stopping.

pub mod shutdown;
pub mod telemetry;
mod vars;

pub use crate::vars::{MapVars, ProcessEnv, SettingError, Vars};

/// Exit status for settings that cannot be used (`EX_USAGE`, BSD sysexits).
pub const EX_USAGE: u8 = 64;
