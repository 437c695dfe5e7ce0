//! `mongod` and `redis-server`, found on this machine and started for one test binary.

use crate::{Process, free_port, wait_for_port};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// Set by `./test`, which installs every server: a test that misses one fails instead of passing
/// without having asked anything.
const REQUIRED: &str = "INKSTACK_TEST_REQUIRE_SERVICES";

/// A running `mongod` with data of its own.
#[derive(Debug)]
pub struct Mongod {
    folder: TempDir,
    port: u16,
    process: Option<Process>,
}

/// A running `redis-server` that keeps nothing on disk.
#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    port: u16,
    process: Option<Process>,
}

/// The `mongod` that all tests of this binary share, or `None` with a word on standard error if the
/// machine has none. Each test uses a [database of its own](Mongod::database).
///
/// # Panics
///
/// If there is none and `./test` has promised one, or it does not start.
pub fn mongod() -> Option<&'static Mongod> {
    static SHARED: OnceLock<Option<Mongod>> = OnceLock::new();
    SHARED.get_or_init(Mongod::start).as_ref()
}

/// The `redis-server` that all tests of this binary share; as [`mongod`].
///
/// # Panics
///
/// As [`mongod`].
pub fn redis() -> Option<&'static Redis> {
    static SHARED: OnceLock<Option<Redis>> = OnceLock::new();
    SHARED.get_or_init(Redis::start).as_ref()
}

impl Mongod {
    /// Starts one for a single test, which may stop it; as [`mongod`].
    ///
    /// # Panics
    ///
    /// As [`mongod`].
    #[must_use]
    pub fn start() -> Option<Self> {
        let mut server = Self { folder: folder(), port: free_port(), process: None };
        server.resume().then_some(server)
    }

    /// Starts it again, with the same data on the same port. Returns whether there is a `mongod`.
    ///
    /// # Panics
    ///
    /// As [`mongod`].
    pub fn resume(&mut self) -> bool {
        let Some(program) = find("mongod") else { return false };
        let data = self.folder.path().join("data");
        std::fs::create_dir_all(&data).expect("the test's own folder can be written");
        let (data, port) = (data.display().to_string(), self.port.to_string());
        let arguments = [
            "--dbpath",
            &data,
            "--port",
            &port,
            "--bind_ip",
            "127.0.0.1",
            "--nounixsocket",
            "--wiredTigerCacheSizeGB",
            "0.25",
            "--setParameter",
            "diagnosticDataCollectionEnabled=false",
        ];
        self.process = Some(start(&program, &arguments, self.folder.path(), self.port));
        true
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Freezes it (`SIGSTOP`) or lets it go on.
    pub fn freeze(&self, is_frozen: bool) {
        if let Some(process) = &self.process {
            process.signal(if is_frozen { "STOP" } else { "CONT" });
        }
    }

    /// Where it is.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("mongodb://127.0.0.1:{}", self.port)
    }

    /// The name of a database that no other test uses.
    #[must_use]
    pub fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Redis {
    /// Starts one for a single test, which may stop it; as [`mongod`].
    ///
    /// # Panics
    ///
    /// As [`mongod`].
    #[must_use]
    pub fn start() -> Option<Self> {
        let mut server = Self { folder: folder(), port: free_port(), process: None };
        server.resume().then_some(server)
    }

    /// Starts it again on the same port, empty. Returns whether there is a `redis-server`.
    ///
    /// # Panics
    ///
    /// As [`mongod`].
    pub fn resume(&mut self) -> bool {
        let Some(program) = find("redis-server") else { return false };
        let port = self.port.to_string();
        let arguments =
            ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        self.process = Some(start(&program, &arguments, self.folder.path(), self.port));
        true
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Freezes it (`SIGSTOP`) or lets it go on.
    pub fn freeze(&self, is_frozen: bool) {
        if let Some(process) = &self.process {
            process.signal(if is_frozen { "STOP" } else { "CONT" });
        }
    }

    /// Where it is.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn start(program: &Path, arguments: &[&str], folder: &Path, port: u16) -> Process {
    let log = folder.join("log");
    let process = Process::start(program, arguments, &[], &log);
    assert!(
        wait_for_port(port),
        "{} does not start:\n{}",
        program.display(),
        std::fs::read_to_string(&log).unwrap_or_default()
    );
    process
}

/// The program `name` on `PATH`. Says so if it is missing.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|p| p.is_file());
    if found.is_none() {
        assert!(variable(REQUIRED).is_none(), "{name} is not on PATH");
        eprintln!("SKIPPED: {name} is not on PATH; `./test` installs it");
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "a test's machine, not a service's setting")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
