//! The job as a program, against small releases served over HTTP.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod backup;
mod exit_status;
mod load;
mod support;
mod watch;
