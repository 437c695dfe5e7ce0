//! Programs of this workspace, started as users start them.

use reqwest::{Client, Response, redirect};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use test_kit::Process;

/// Generous, since machines are shared.
const DEADLINE: Duration = Duration::from_mins(1);

/// A program of the stack, built beside `inkstack`.
pub(crate) fn program(name: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_inkstack")).with_file_name(name);
    assert!(program.is_file(), "{name} is not built: run `cargo build --workspace` before");
    program
}

/// The example blog of this repository.
pub(crate) fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/content")
}

/// `inkstack serve` on a free port.
pub(crate) struct Blog {
    pub(crate) url: String,
    pub(crate) process: Process,
    pub(crate) client: Client,
    pub(crate) folder: tempfile::TempDir,
}

impl Blog {
    /// Serves `content` and waits until it can be read.
    pub(crate) async fn serve(content: &Path) -> Self {
        Self::start(content, &[], DEADLINE).await
    }

    /// The same, with `vars` in the environment.
    pub(crate) async fn serve_set(content: &Path, vars: &[(&str, &str)]) -> Self {
        Self::start(content, vars, DEADLINE).await
    }

    /// As [`Blog::serve`], for a blog that takes longer to build.
    pub(crate) async fn serve_within(deadline: Duration, content: &Path) -> Self {
        Self::start(content, &[], deadline).await
    }

    async fn start(content: &Path, vars: &[(&str, &str)], deadline: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state").display().to_string();
        let content = content.display().to_string();
        let arguments = ["serve", &content, "--listen", "127.0.0.1:0", "--state", &state];
        let log = folder.path().join("log");
        let process = Process::start(&program("inkstack"), &arguments, vars, &log);
        let address = |log: &str| {
            let url = log.lines().find(|line| line.starts_with("http://"))?;
            url.split(' ').next().map(str::to_owned)
        };
        let url = async || address(&process.log());
        let url = until_within(deadline, "the address", url).await;
        Self { url, process, client: client(), folder }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        self.get(path).await.json().await.unwrap()
    }
}

/// A client that follows nothing by itself.
pub(crate) fn client() -> Client {
    Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap()
}

/// Asks again and again until `look` finds something.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    until_within(DEADLINE, what, look).await
}

/// As [`until`], for what takes longer.
async fn until_within<T>(deadline: Duration, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < deadline, "{what} never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The status of `url`, or 0 if nobody answers.
pub(crate) async fn status(client: &Client, url: &str) -> u16 {
    match client.get(url).send().await {
        Ok(answer) => answer.status().as_u16(),
        Err(_) => 0,
    }
}

/// Waits until `url` answers `wanted`.
pub(crate) async fn until_status(client: &Client, url: &str, wanted: u16) {
    let what = format!("status {wanted} of {url}");
    until(&what, async || (status(client, url).await == wanted).then_some(())).await;
}
