//! A new program in place of the one that runs, on the same ports and without a gap.
//!
//! A gateway waits at a socket of the file system for its successor. That is given the listeners
//! themselves (`SCM_RIGHTS`), which go on holding whoever connects meanwhile, looks around, and says
//! a word once it can serve. Only then the gateway stops as it always does. A successor that never
//! gets there ends, and nothing has happened.

use crate::listener::PAUSE;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use service_kit::{BindError, bind};
use std::fs::{self, Permissions};
use std::io::{self, IoSlice, IoSliceMut, Write as _};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net as blocking;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::{UnixListener, UnixStream};

/// The gateway that runs answers at once.
const DEADLINE: Duration = Duration::from_secs(5);
/// For a successor to begin to serve. It gives up earlier itself.
const PATIENCE: Duration = Duration::from_mins(1);
/// For readers without TLS and with it, and for neighbours.
const LISTENERS: usize = 3;
/// A message is at least one byte.
const HERE_THEY_ARE: &[u8] = b".";
const I_SERVE: &[u8] = b"!";

/// The path is of no use.
#[derive(Debug, thiserror::Error)]
#[error("`GATEWAY_HANDOVER` names {}, which cannot be used", .path.display())]
pub struct HandoverError {
    path: PathBuf,
    source: io::Error,
}

impl HandoverError {
    /// What is wrong with `path`.
    fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        |source| Self { path: path.to_owned(), source }
    }
}

/// Whether a gateway can wait for its successor at `path`: a socket or nothing yet, in a folder.
///
/// # Errors
///
/// [`HandoverError`] says what is there.
pub(crate) fn verify(path: &Path) -> Result<(), HandoverError> {
    let error = HandoverError::at(path);
    match fs::symlink_metadata(path) {
        Ok(file) if file.file_type().is_socket() => Ok(()),
        Ok(_) => Err(error(io::Error::other("it is there already and no socket"))),
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            fs::metadata(folder.unwrap_or(Path::new("."))).map(drop).map_err(error)
        }
        Err(source) => Err(error(source)),
    }
}

/// What the gateway that runs has given, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    listeners: Vec<TcpListener>,
    pub(crate) predecessor: Option<Predecessor>,
}

/// A gateway that stops when it is told that another serves.
#[derive(Debug)]
pub(crate) struct Predecessor(blocking::UnixStream);

impl Inherited {
    /// Asks the gateway that waits at `path`.
    ///
    /// # Errors
    ///
    /// [`HandoverError`] if somebody else is there, or has another successor in hand.
    pub(crate) fn ask(path: &Path) -> Result<Self, HandoverError> {
        verify(path)?;
        let stream = match blocking::UnixStream::connect(path) {
            Ok(stream) => stream,
            Err(error) if is_nobody(&error) => return Ok(Self::default()),
            Err(error) => return Err(HandoverError::at(path)(error)),
        };
        let listeners = receive(&stream).map_err(HandoverError::at(path))?;
        Ok(Self { listeners, predecessor: Some(Predecessor(stream)) })
    }

    /// As [`bind`], unless `addr` is the address of a listener that was given.
    ///
    /// # Errors
    ///
    /// [`BindError`] names the setting.
    pub(crate) fn bind(
        &mut self,
        setting: &'static str,
        addr: SocketAddr,
    ) -> Result<(TcpListener, SocketAddr), BindError> {
        let is_it = |listener: &TcpListener| listener.local_addr().is_ok_and(|at| at == addr);
        match self.listeners.iter().position(is_it) {
            Some(at) => Ok((self.listeners.swap_remove(at), addr)),
            None => bind(setting, addr),
        }
    }
}

/// Nobody has ever been there, or whoever was is gone.
fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

impl Predecessor {
    /// Tells it that it may stop.
    pub(crate) fn dismiss(mut self) {
        if let Err(error) = self.0.write_all(I_SERVE) {
            tracing::warn!("the gateway before is gone already: {error}");
        }
    }
}

/// Where a gateway waits for its successor, and what it will give it.
#[derive(Debug)]
pub(crate) struct Post {
    socket: UnixListener,
    listeners: Vec<TcpListener>,
}

impl Post {
    /// Waits at `path` from now on, in place of whoever did before.
    ///
    /// # Errors
    ///
    /// [`HandoverError`] if the folder does not take a socket.
    pub(crate) fn take(path: &Path, listeners: Vec<TcpListener>) -> Result<Self, HandoverError> {
        let take = || {
            let mut new = path.as_os_str().to_owned();
            new.push(format!(".{}", std::process::id()));
            let new = PathBuf::from(new);
            // Of a process that had our number.
            if let Err(error) = fs::remove_file(&new)
                && error.kind() != io::ErrorKind::NotFound
            {
                return Err(error);
            }
            let socket = UnixListener::bind(&new)?;
            // Whoever can connect can take the ports.
            fs::set_permissions(&new, Permissions::from_mode(0o600))?;
            fs::rename(&new, path)?;
            Ok(socket)
        };
        let socket = take().map_err(HandoverError::at(path))?;
        Ok(Self { socket, listeners })
    }

    /// Completes when a successor serves. One that fails is named in the log.
    pub(crate) async fn relieved(self) {
        loop {
            let handed = match self.socket.accept().await {
                Ok((successor, _)) => self.hand_over(successor).await,
                Err(error) => {
                    tokio::time::sleep(PAUSE).await;
                    Err(error)
                }
            };
            match handed {
                Ok(()) => return tracing::info!("another gateway serves in place of this one"),
                Err(error) => tracing::warn!("no other gateway takes over: {error}"),
            }
        }
    }

    async fn hand_over(&self, mut successor: UnixStream) -> io::Result<()> {
        send(&successor, &self.listeners)?;
        let mut word = [0; I_SERVE.len()];
        tokio::time::timeout(PATIENCE, successor.read_exact(&mut word)).await??;
        Ok(())
    }
}

/// Nothing was sent before, so there is room for this.
fn send(successor: &UnixStream, listeners: &[TcpListener]) -> io::Result<()> {
    let descriptors: Vec<_> = listeners.iter().map(|listener| listener.as_fd()).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(LISTENERS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::Error::other("there are more listeners than expected"));
    }
    let message = [IoSlice::new(HERE_THEY_ARE)];
    sendmsg(successor, &message, &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

fn receive(stream: &blocking::UnixStream) -> io::Result<Vec<TcpListener>> {
    stream.set_read_timeout(Some(DEADLINE))?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(LISTENERS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0; HERE_THEY_ARE.len()];
    let mut message = [IoSliceMut::new(&mut byte)];
    recvmsg(stream, &mut message, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let rights = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let listeners: Vec<TcpListener> = rights.flatten().map(TcpListener::from).collect();
    if listeners.is_empty() {
        return Err(io::Error::other("whoever is there gives no listeners"));
    }
    Ok(listeners)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes");
        fs::write(&file, "mine").unwrap();

        assert!(verify(&folder.path().join("new")).is_ok());
        assert!(verify(&folder.path().join("no/folder")).is_err());
        let error = Inherited::ask(&file).unwrap_err();

        assert!(error.to_string().contains("GATEWAY_HANDOVER"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    }

    #[tokio::test]
    async fn a_post_is_taken_over_from_one_that_is_gone_and_for_this_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.sock");
        drop(Post::take(&path, Vec::new()).unwrap());
        assert!(Inherited::ask(&path).unwrap().predecessor.is_none(), "nobody is there");

        let _post = Post::take(&path, Vec::new()).unwrap();

        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
