//! A door on free ports, and a gateway that answers with what it hears.

use door::{Application, Forward, Settings};
use parking_lot::Mutex;
use service_kit::{Admin, MapVars, Metrics, NotReady, Probe};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Of a PROXY protocol header of two IPv4 addresses.
const HEADER_BYTES: usize = 28;

/// Plays the gateway.
pub(crate) struct Gateway {
    addr: SocketAddr,
    admin: SocketAddr,
    header: Arc<Mutex<Vec<u8>>>,
    tasks: Vec<JoinHandle<()>>,
}

struct Well(bool);

#[async_trait::async_trait]
impl Probe for Well {
    async fn ready(&self) -> Result<(), NotReady> {
        if self.0 { Ok(()) } else { Err(NotReady("ill".into())) }
    }
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        Self::listen(true).await
    }

    pub(crate) async fn start_ill() -> Self {
        Self::listen(false).await
    }

    async fn listen(is_well: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let admin = Admin::bind("TEST", ([127, 0, 0, 1], 0).into()).unwrap();
        let admin_addr = admin.addr();
        let header = Arc::new(Mutex::new(Vec::new()));
        let heard = header.clone();
        let admin = tokio::spawn(async move {
            admin.run(Arc::new(Well(is_well)), Metrics::new("0")).await.unwrap();
        });
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(echo(stream, heard.clone()));
            }
        });
        Self { addr, admin: admin_addr, header, tasks: vec![admin, accepting] }
    }

    /// The header of the last connection that has said something.
    pub(crate) fn header(&self) -> Vec<u8> {
        self.header.lock().clone()
    }

    /// Is gone at once.
    pub(crate) fn stop(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }

    fn forward(&self) -> Forward {
        Forward {
            listen: ([127, 0, 0, 1], 0).into(),
            host: self.addr.ip().to_string(),
            port: self.addr.port(),
            admin_port: self.admin.port(),
        }
    }
}

/// Answers with what it hears; what begins with `slow`, a second later.
async fn echo(mut stream: TcpStream, heard: Arc<Mutex<Vec<u8>>>) {
    let mut header = [0; HEADER_BYTES];
    if stream.read_exact(&mut header).await.is_err() {
        return;
    }
    let mut piece = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut piece).await {
        *heard.lock() = header.to_vec();
        if piece.starts_with(b"slow") {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if stream.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}

/// A running door.
pub(crate) struct Door {
    pub(crate) addr: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) stopped: JoinHandle<io::Result<()>>,
}

/// Starts a door before `gateway`.
pub(crate) fn spawn(gateway: &Gateway) -> Door {
    let mut settings = Settings::from_vars(&MapVars::default()).unwrap();
    settings.forwards = vec![gateway.forward()];
    settings.admin_listen = ([127, 0, 0, 1], 0).into();
    let app = Application::bind(&settings).unwrap();
    let (addr, admin) = (app.addrs()[0], app.admin_addr());
    let (stop, stopping) = oneshot::channel();
    let stopped = tokio::spawn(app.run(async move {
        let _ = stopping.await;
    }));
    Door { addr, admin, stop, stopped }
}

/// As [`spawn`], and waits until the door has found `gateway` ready.
pub(crate) async fn spawn_door(gateway: &Gateway) -> Door {
    let door = spawn(gateway);
    while service_kit::healthcheck(door.admin, "/readyz").await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    door
}

/// Says `words` and returns the answer.
pub(crate) async fn talk(stream: &mut TcpStream, words: &[u8]) -> Vec<u8> {
    stream.write_all(words).await.unwrap();
    let mut answer = vec![0; words.len()];
    stream.read_exact(&mut answer).await.unwrap();
    answer
}
