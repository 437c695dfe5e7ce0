//! What every service needs and none is about: settings, logs, problems, health, metrics,
//! stopping.

mod admin;
mod backoff;
mod bind;
mod exit;
mod healthcheck;
mod loss;
mod metrics;
mod problem;
mod process;
pub mod program;
mod request_id;
pub mod shutdown;
pub mod telemetry;
mod vars;
#[cfg(feature = "web")]
pub mod web;

pub use crate::admin::{Admin, NotReady, Probe, X_RELEASE};
pub use crate::backoff::Backoff;
pub use crate::bind::{BindError, bind};
pub use crate::exit::{EX_DATAERR, EX_IOERR, EX_NOPERM, EX_TEMPFAIL, EX_UNAVAILABLE, EX_USAGE};
pub use crate::healthcheck::{HealthcheckError, Well, healthcheck};
pub use crate::loss::notice_loss;
pub use crate::metrics::{HttpMetrics, Metrics};
pub use crate::problem::{PROBLEM_JSON, Problem};
pub use crate::request_id::{REQUEST_ID, RequestId};
pub use crate::vars::{MapVars, ProcessEnv, SettingError, Vars};
