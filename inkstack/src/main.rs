//! The writer's tool: builds a blog from Markdown, says what is wrong with it, and serves it.

mod build;
mod check;
mod new;
mod publish;
mod report;
mod serve;
mod stack;
mod watch;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// musl's own allocator is slow, and the tool should take as long on every system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Builds and serves a technical blog from Markdown.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Without one, the blog is served.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the posts of a folder as a release.
    Build(build::Arguments),
    /// Name every problem of a folder's posts and write nothing.
    Check(check::Arguments),
    /// Begin a post: write its file with a header, and print the file's name.
    New(new::Arguments),
    /// Run the whole stack in one process, on the posts of a folder.
    Serve(serve::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Some(Command::Build(arguments)) => build::run(&arguments),
        Some(Command::Check(arguments)) => check::run(&arguments),
        Some(Command::New(arguments)) => new::run(&arguments),
        Some(Command::Serve(arguments)) => serve::run(arguments),
        None => serve::run(serve::Arguments::default()),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("inkstack: {error:#}");
            ExitCode::FAILURE
        }
    }
}
