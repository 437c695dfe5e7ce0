//! `inkstack serve`: the whole stack in one process.

use crate::publish::{Options, Published, publish};
use crate::stack::{Loader, Stack};
use crate::watch::Watched;
use anyhow::Context;
use release::{Compression, content_hash};
use service_kit::{ProcessEnv, shutdown, telemetry};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// The blog that a checkout of this project shows.
const EXAMPLE: &str = "examples/content";

/// What `inkstack serve` takes.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Arguments {
    /// The folder with the posts; `examples/content` if it is there, else this folder.
    content: Option<PathBuf>,
    /// Where to listen, instead of `GATEWAY_LISTEN` or `127.0.0.1:8080`. Port 0 picks a free one.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Where to keep what is built.
    #[arg(long, default_value = STATE)]
    state: Option<PathBuf>,
}

const STATE: &str = ".inkstack";

/// Builds the posts, serves them, and does it again whenever they change, until Ctrl-C.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    // One line a request would bury what a writer wants to see.
    telemetry::init_at(&ProcessEnv, "warn");
    let content = arguments.content.unwrap_or_else(|| {
        let example = PathBuf::from(EXAMPLE);
        if example.is_dir() { example } else { ".".into() }
    });
    let state = arguments.state.unwrap_or_else(|| STATE.into());
    let mut settings = gateway::Settings::from_vars(&ProcessEnv)?;
    if let Some(listen) = arguments.listen {
        settings.listen = listen;
    }
    // A writer wants to see each change at once.
    settings.cache_bytes = 0;
    // Nobody watches a laptop's metrics; two blogs at once should not meet here.
    settings.admin_listen.set_port(0);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(&content, &state, settings))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(content: &Path, state: &Path, settings: gateway::Settings) -> anyhow::Result<()> {
    let started = Instant::now();
    let content = content
        .canonicalize()
        .with_context(|| format!("{}: no such folder of posts", content.display()))?;
    // Two folders do not share what is built.
    let name = content_hash(content.as_os_str().as_encoded_bytes()).short();
    let state = state.join(name);
    let release = state.join("release");
    std::fs::create_dir_all(&state).with_context(|| format!("creating {}", state.display()))?;

    let mut watched = Watched::new(&content);
    let title = site::Settings::read(&content)?.title;
    let stack = Stack::bind(settings, &title, &state.join("blog.sqlite")).await?;
    let (addr, loader) = (stack.addr(), stack.loader());
    let published = build(&content, &release).await?;
    let mut running = stack.start();
    loader.load(&release).await?;
    eprintln!("http://{addr} {}", summary(&published, started));

    loop {
        tokio::select! {
            () = shutdown::asked() => break,
            ended = running.ended() => return ended,
            () = watched.changed() => {
                if let Err(error) = again(&content, &release, &loader).await {
                    // The blog as it was is still served.
                    eprintln!("{error:#}");
                }
            }
        }
    }
    eprintln!("stopping");
    running.stop().await
}

async fn again(content: &Path, release: &Path, loader: &Loader) -> anyhow::Result<()> {
    let started = Instant::now();
    let published = build(content, release).await?;
    loader.load(release).await?;
    eprintln!("again: {}", summary(&published, started));
    Ok(())
}

async fn build(content: &Path, release: &Path) -> anyhow::Result<Published> {
    let (content, release) = (content.to_owned(), release.to_owned());
    let options = Options { compression: Compression::Balanced, keep_going: true };
    let built =
        tokio::task::spawn_blocking(move || publish(&content, &release, options, None)).await??;
    built.context("nothing was published")
}

fn summary(published: &Published, started: Instant) -> String {
    format!(
        "{} posts, {} problems, {} ms",
        published.written.posts,
        published.problems,
        started.elapsed().as_millis()
    )
}
