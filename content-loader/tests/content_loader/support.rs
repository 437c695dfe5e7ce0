//! A stand-in for blog-static, and the job started as a program.

use domain::Post;
use release::{FORMAT, Manifest, content_hash, write_posts};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;
use store::{MongoSettings, StoreSettings};

/// What the stand-in answers; tests change it.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) manifest: Manifest,
    pub(crate) posts: Vec<u8>,
}

impl Served {
    pub(crate) fn new(number: u8, posts: &[Post]) -> Self {
        let lines = write_posts(posts).unwrap();
        let manifest = Manifest {
            format: FORMAT,
            id: test_kit::release_id(number),
            posts: posts.len() as u64,
            posts_hash: content_hash(&lines),
        };
        Self { manifest, posts: lines }
    }
}

/// A blog-static that says what it is told to. It ends with the test's process.
pub(crate) struct Source {
    pub(crate) addr: SocketAddr,
    served: Arc<Mutex<Served>>,
}

impl Source {
    pub(crate) fn start(served: Served) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let served = Arc::new(Mutex::new(served));
        let shared = served.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = shared.lock().unwrap().clone();
                // A job that hangs up early is what some tests are about.
                let _ = answer(stream, &served);
            }
        });
        Self { addr, served }
    }

    pub(crate) fn serve(&self, served: Served) {
        *self.served.lock().unwrap() = served;
    }
}

fn answer(mut stream: TcpStream, served: &Served) -> std::io::Result<()> {
    let mut request = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    reader.read_line(&mut request)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let body = if request.contains("release.json") {
        serde_json::to_vec(&served.manifest).unwrap()
    } else {
        served.posts.clone()
    };
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

/// Where a run registers.
pub(crate) enum Target {
    Sqlite(tempfile::TempDir),
    Mongo { uri: String, database: String },
}

impl Target {
    /// A fresh one of each kind that this machine has.
    pub(crate) fn each() -> Vec<Self> {
        let mut targets = vec![Self::Sqlite(tempfile::tempdir().unwrap())];
        if let Some(server) = test_kit::mongod() {
            targets.push(Self::Mongo { uri: server.uri(), database: server.database() });
        }
        targets
    }

    fn file(folder: &Path) -> std::path::PathBuf {
        folder.join("blog.sqlite")
    }

    pub(crate) fn vars(&self) -> Vec<(&str, String)> {
        match self {
            Self::Sqlite(folder) => {
                vec![("SQLITE_PATH", Self::file(folder.path()).display().to_string())]
            }
            Self::Mongo { uri, database } => {
                vec![("MONGODB_URI", uri.clone()), ("MONGODB_DATABASE", database.clone())]
            }
        }
    }

    /// Runs the job once.
    pub(crate) fn run(&self, source: SocketAddr, arguments: &[&str]) -> Output {
        self.command(source, arguments).output().unwrap()
    }

    /// Runs the job until it has registered what is served: a busy machine may lose the lease.
    pub(crate) fn register(&self, source: SocketAddr) {
        let mut done = self.run(source, &[]);
        for _ in 0..10 {
            if done.status.success() {
                return;
            }
            done = self.run(source, &[]);
        }
        panic!("{}", all(&done));
    }

    pub(crate) fn command(&self, source: SocketAddr, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_content-loader"));
        command
            .args(arguments)
            .env_clear()
            .env("CONTENT_LOADER_BLOG_STATIC", source.to_string())
            .env("CONTENT_LOADER_DEADLINE", "10s")
            .env("CONTENT_LOADER_LEASE", "1s")
            .envs(self.vars());
        command
    }

    fn settings(&self) -> StoreSettings {
        match self {
            Self::Sqlite(folder) => StoreSettings::Sqlite(Self::file(folder.path())),
            Self::Mongo { uri, database } => StoreSettings::Mongo(MongoSettings {
                uri: uri.clone().into(),
                database: database.clone(),
            }),
        }
    }

    pub(crate) async fn writer(&self) -> Arc<dyn domain::PostWriter> {
        self.settings().writer().await.unwrap()
    }

    /// What readers list now.
    pub(crate) async fn listed(&self) -> Vec<String> {
        let reader = self.settings().reader().await.unwrap();
        test_kit::listed(&*reader).await
    }
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Standard output and error, for messages of failed tests.
pub(crate) fn all(output: &Output) -> String {
    stdout(output) + &String::from_utf8_lossy(&output.stderr)
}
