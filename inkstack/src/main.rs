//! The writer's tool: builds a blog from Markdown and says what is wrong with it.

mod build;
mod check;
mod report;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// musl's own allocator is slow, and the tool should take as long on every system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Builds a technical blog from Markdown.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the posts of a folder as a release.
    Build(build::Arguments),
    /// Name every problem of a folder's posts and write nothing.
    Check(check::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Build(arguments) => build::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("inkstack: {error:#}");
            ExitCode::FAILURE
        }
    }
}
