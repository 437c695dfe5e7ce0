//! A relay before `MongoDB` that stops at a chosen command.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Where the relay stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The command never reaches the server.
    BeforeCommand,
    /// The server carries it out, and nobody hears of it.
    BeforeAnswer,
}

/// A relay. It ends with the test's runtime.
pub(crate) struct Relay {
    pub(crate) addr: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    stop_at: usize,
    moment: Moment,
    seen: AtomicUsize,
    is_stopped: AtomicBool,
    reached: Notify,
}

impl Relay {
    /// Passes everything on to `server` until command number `stop_at` (from 1), then nothing.
    pub(crate) async fn start(server: SocketAddr, stop_at: usize, moment: Moment) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(State {
            stop_at,
            moment,
            seen: AtomicUsize::new(0),
            is_stopped: AtomicBool::new(false),
            reached: Notify::new(),
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else { continue };
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(commands(from_client, to_server, shared.clone()));
                tokio::spawn(answers(from_server, to_client, shared.clone()));
            }
        });
        Self { addr, state }
    }

    /// Completes when the chosen command was reached.
    pub(crate) async fn reached(&self) {
        self.state.reached.notified().await;
    }
}

/// Passes on messages of the wire protocol, which begin with their length (four bytes, little
/// endian), and counts those that are commands of the loader.
async fn commands(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: Arc<State>) {
    loop {
        let mut message = vec![0; 4];
        if from.read_exact(&mut message).await.is_err() {
            return;
        }
        let length = u32::from_le_bytes([message[0], message[1], message[2], message[3]]) as usize;
        message.resize(length, 0);
        if from.read_exact(&mut message[4..]).await.is_err() {
            return;
        }
        let is_counted = is_command(&message);
        let number = state.seen.fetch_add(usize::from(is_counted), Ordering::SeqCst) + 1;
        if is_counted && number == state.stop_at {
            state.is_stopped.store(true, Ordering::SeqCst);
            if state.moment == Moment::BeforeAnswer {
                let _ = to.write_all(&message).await;
            }
            state.reached.notify_one();
        }
        if state.is_stopped.load(Ordering::SeqCst) {
            // The connection stays open and silent.
            std::future::pending::<()>().await;
        }
        if to.write_all(&message).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: Arc<State>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if state.is_stopped.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// Whether `message` is an `OP_MSG` (2013) whose command is not one of the driver's own. Its first
/// document begins at byte 21, with its length and the type and name of its first field: the
/// command.
fn is_command(message: &[u8]) -> bool {
    let is_op_msg = message.get(12..16) == Some(&2013u32.to_le_bytes());
    let name = message.get(26..).unwrap_or_default();
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    is_op_msg && !matches!(name, b"hello" | b"isMaster" | b"ismaster" | b"ping" | b"endSessions")
}
