//! `mongod` and `redis-server`, found on this machine and started for one test binary.

use crate::{Process, free_port, wait_for_port};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// Set by `./test`, which installs every server: a test that misses one fails instead of passing
/// without having asked anything.
const REQUIRED: &str = "INKSTACK_TEST_REQUIRE_SERVICES";

/// A server program of this machine.
#[derive(Debug, Clone, Copy)]
struct Kind {
    program: &'static str,
    scheme: &'static str,
    arguments: fn(&str, &str) -> Vec<String>,
}

const MONGOD: Kind = Kind {
    program: "mongod",
    scheme: "mongodb",
    arguments: |data, port| {
        let mut arguments =
            words("--bind_ip 127.0.0.1 --nounixsocket --wiredTigerCacheSizeGB 0.25");
        arguments.extend(words("--setParameter diagnosticDataCollectionEnabled=false"));
        arguments.extend(["--dbpath", data, "--port", port].map(str::to_owned));
        arguments
    },
};

/// Nothing is kept on disk.
const REDIS: Kind = Kind {
    program: "redis-server",
    scheme: "redis",
    arguments: |_, port| {
        ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
            .map(str::to_owned)
            .to_vec()
    },
};

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// A server with data of its own.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    folder: TempDir,
    port: u16,
    /// What this one is started with, beside what all of its kind are.
    extra: Vec<String>,
    process: Option<Process>,
}

/// The `mongod` that all tests of this binary share, or `None` with a word on standard error if the
/// machine has none. Each test uses a [database of its own](Server::database).
///
/// # Panics
///
/// If there is none and `./test` has promised one, or it does not start.
pub fn mongod() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(Server::mongod).as_ref()
}

/// The `redis-server` that all tests of this binary share; as [`mongod`].
///
/// # Panics
///
/// As [`mongod`].
pub fn redis() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(Server::redis).as_ref()
}

impl Server {
    /// A `mongod` for a single test, which may stop it; as [`mongod`].
    ///
    /// # Panics
    ///
    /// As [`mongod`].
    #[must_use]
    pub fn mongod() -> Option<Self> {
        Self::start(MONGOD, &[])
    }

    /// A `mongod` for a single test that lets in whom it knows, and knows nobody yet; as
    /// [`mongod`]. It can be told to [fail](Self::fail_with).
    #[cfg(feature = "auth")]
    pub(crate) fn secured() -> Option<Self> {
        Self::start(MONGOD, &["--auth", "--setParameter", "enableTestCommands=1"])
    }

    /// A `mongod` for a single test that waits to become a member of the set `name`; as [`mongod`].
    #[cfg(feature = "auth")]
    pub(crate) fn member(name: &str) -> Option<Self> {
        Self::start(MONGOD, &["--replSet", name])
    }

    /// A `redis-server` for a single test, which may stop it; as [`mongod`].
    ///
    /// # Panics
    ///
    /// As [`mongod`].
    #[must_use]
    pub fn redis() -> Option<Self> {
        Self::start(REDIS, &[])
    }

    /// A `redis-server` for a single test that wants `password`; as [`mongod`].
    ///
    /// # Panics
    ///
    /// As [`mongod`].
    #[must_use]
    pub fn redis_with_password(password: &str) -> Option<Self> {
        Self::start(REDIS, &["--requirepass", password])
    }

    fn start(kind: Kind, extra: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let extra = extra.iter().map(|&argument| argument.to_owned()).collect();
        let mut server = Self { kind, folder, port: free_port(), extra, process: None };
        server.resume().then_some(server)
    }

    /// Starts it again, on the same port, with what it kept on disk. Returns whether the machine
    /// has such a server.
    ///
    /// # Panics
    ///
    /// As [`mongod`].
    pub fn resume(&mut self) -> bool {
        let Some(program) = find_program(self.kind.program) else { return false };
        let data = self.folder.path().join("data");
        std::fs::create_dir_all(&data).expect("the test's own folder can be written");
        let mut arguments =
            (self.kind.arguments)(&data.display().to_string(), &self.port.to_string());
        arguments.extend_from_slice(&self.extra);
        let log = self.folder.path().join("log");
        let process = Process::start(&program, &arguments, &[], &log);
        assert!(
            wait_for_port(self.port),
            "{} does not start:\n{}",
            program.display(),
            process.log()
        );
        self.process = Some(process);
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
        format!("{}://127.0.0.1:{}", self.kind.scheme, self.port)
    }

    /// Where it is, for `user`. Neither has a character that a URI would read otherwise.
    #[must_use]
    pub fn uri_of(&self, user: &str, password: &str) -> String {
        format!("{}://{user}:{password}@127.0.0.1:{}", self.kind.scheme, self.port)
    }

    /// The name of a database that no other test uses.
    #[must_use]
    pub fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The program `name` on `PATH`, or `None` with a word on standard error.
///
/// # Panics
///
/// As [`mongod`].
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|p| p.is_file());
    if found.is_none() {
        required(name, "./test");
    }
    found
}

/// Says that a test skips, or fails it if `./test` has promised that it would not.
pub(crate) fn required(name: &str, remedy: &str) {
    assert!(variable(REQUIRED).is_none(), "{name} is not installed");
    eprintln!("SKIPPED: {name} is not installed; `{remedy}` installs it");
}

#[expect(clippy::disallowed_methods, reason = "a test's machine, not a service's setting")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
