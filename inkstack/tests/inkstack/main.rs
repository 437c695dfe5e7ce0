//! The whole stack: in one process, as four programs, killed at every step, in a real browser.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod api;
mod browser;
mod build;
mod check;
mod killed_loader;
mod monitoring;
mod new;
mod programs;
mod recall;
mod serve;
mod settings;
mod support;
mod wire;
