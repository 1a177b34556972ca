//! The local socket: who may listen, where, and who may connect. A Unix socket or a named pipe;
//! what differs between the two is in one small module each.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

use std::{
    io,
    path::{Path, PathBuf},
};

use interprocess::local_socket::tokio as local;

pub use local::Stream;
pub use platform::{Detached, check_peer};

/// Accepts connections on one socket.
pub struct Listener {
    inner: local::Listener,
    path: PathBuf,
    /// What stood at the path once this listener was bound to it.
    identity: Option<platform::Identity>,
    _claim: Option<platform::Claim>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Why the socket cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Someone else could get at the socket, or it cannot be made.
    #[error("cannot use {} for the socket: {cause}", .path.display())]
    Unusable {
        /// The path at fault.
        path: PathBuf,
        /// What is wrong and how to mend it.
        cause: String,
    },
    /// Somebody listens there.
    #[error("{} is in use by another daemon or program; stop it, or set AGENT_MEMORY_SOCKET to another path", .path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
}

impl Listener {
    /// Takes the socket of the service manager, if it passed one.
    ///
    /// # Errors
    /// When what it passed is no listening socket of this kind.
    pub fn inherited(path: &Path) -> io::Result<Option<Self>> {
        let Some(inner) = platform::inherited()? else { return Ok(None) };
        Ok(Some(Self { inner, path: path.to_owned(), identity: None, _claim: None }))
    }

    /// Listens at `path`: its directory is for the owner only, a stale socket is replaced, a live
    /// one is left alone.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn bind(path: &Path) -> Result<Self, ListenError> {
        let (inner, claim) = platform::bind(path)?;
        Ok(Self { inner, path: path.to_owned(), identity: platform::identity(path), _claim: Some(claim) })
    }

    /// Whether clients that look at the path still find this listener. Something may have removed
    /// the socket (a cleaner of temporary files, for one); the service manager's is its own affair.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        self.identity.is_none() || platform::identity(&self.path) == self.identity
    }

    /// The next connection.
    ///
    /// # Errors
    /// What the system says; the listener stays usable.
    pub async fn accept(&self) -> io::Result<Stream> {
        use local::prelude::*;
        self.inner.accept().await
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
