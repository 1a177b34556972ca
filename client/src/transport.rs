//! The local socket: connect, handshake, and the two halves of the stream. The only file that
//! names `interprocess`. On Windows the same path names a pipe.

use std::{io, path::Path, time::Duration};

use agent_memory_proto::handshake::{HANDSHAKE_BYTES, Hello, Welcome};
use interprocess::local_socket::{
    GenericFilePath, ToFsName,
    tokio::{Stream, prelude::*},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::error::{ClientError, denied};

/// How long a daemon may take to answer the handshake.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(2);

#[cfg(unix)]
pub(crate) type ReadHalf = tokio::net::unix::OwnedReadHalf;
#[cfg(unix)]
pub(crate) type WriteHalf = tokio::net::unix::OwnedWriteHalf;
#[cfg(not(unix))]
pub(crate) type ReadHalf = tokio::io::ReadHalf<Stream>;
#[cfg(not(unix))]
pub(crate) type WriteHalf = tokio::io::WriteHalf<Stream>;

/// Connects and exchanges the blocks of the handshake.
///
/// # Errors
/// [`ClientError::NotRunning`] when nobody listens, [`ClientError::PermissionDenied`],
/// [`ClientError::Unresponsive`], [`ClientError::Protocol`], [`ClientError::Io`].
pub(crate) async fn open(
    socket: &Path,
    hello: &Hello,
) -> Result<(ReadHalf, WriteHalf, Welcome), ClientError> {
    let name = socket.to_fs_name::<GenericFilePath>().map_err(|source| ClientError::Io {
        doing: "naming",
        path: socket.to_owned(),
        source,
    })?;
    let stream = Stream::connect(name).await.map_err(|source| refused(socket, source))?;
    check_peer(socket, &stream)?;
    let (mut reader, mut writer) = split(stream);
    let exchange = async {
        writer.write_all(&hello.to_bytes()).await?;
        let mut block = [0; HANDSHAKE_BYTES];
        reader.read_exact(&mut block).await?;
        Ok::<_, io::Error>(block)
    };
    let block = match timeout(HANDSHAKE_TIMEOUT, exchange).await {
        Ok(Ok(block)) => block,
        // The daemon went away between accepting and answering: it is stopping.
        Ok(Err(_)) => return Err(ClientError::NotRunning { socket: socket.to_owned() }),
        Err(_) => {
            return Err(ClientError::Unresponsive { socket: socket.to_owned(), waited: HANDSHAKE_TIMEOUT });
        }
    };
    let welcome = Welcome::parse(&block).map_err(|error| ClientError::Protocol(error.to_string()))?;
    Ok((reader, writer, welcome))
}

fn refused(socket: &Path, source: io::Error) -> ClientError {
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => {
            ClientError::NotRunning { socket: socket.to_owned() }
        }
        io::ErrorKind::PermissionDenied => denied(socket, &source),
        // The queue of connections that wait to be accepted is full.
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            ClientError::Unresponsive { socket: socket.to_owned(), waited: Duration::ZERO }
        }
        _ => ClientError::Io { doing: "connecting to", path: socket.to_owned(), source },
    }
}

#[cfg(unix)]
fn split(stream: Stream) -> (ReadHalf, WriteHalf) {
    let Stream::UdSocket(stream) = stream;
    tokio::net::UnixStream::from(stream).into_split()
}

#[cfg(not(unix))]
fn split(stream: Stream) -> (ReadHalf, WriteHalf) {
    tokio::io::split(stream)
}

/// Whoever listens must be the caller or root: another user could have put a socket there first.
#[cfg(unix)]
fn check_peer(socket: &Path, stream: &Stream) -> Result<(), ClientError> {
    use crate::error::DenialCause;
    let here = rustix::process::geteuid().as_raw();
    match stream.peer_creds().map(|peer| peer.euid()) {
        Ok(Some(peer)) if peer != here && peer != 0 => Err(ClientError::PermissionDenied {
            socket: socket.to_owned(),
            cause: DenialCause::OtherUser { user_id: peer },
        }),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "the pipe's security descriptor decides on Windows")]
fn check_peer(_socket: &Path, _stream: &Stream) -> Result<(), ClientError> {
    Ok(())
}
