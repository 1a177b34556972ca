//! Named pipes: the security descriptor lets in the owner only. Never run: no Windows machine was
//! at hand.

use std::{io, path::Path};

use interprocess::{
    local_socket::{GenericFilePath, ListenerOptions, ToFsName, tokio as local},
    os::windows::{local_socket::ListenerOptionsExt, security_descriptor::SecurityDescriptor},
};
use widestring::u16cstr;

use super::{ListenError, Stream};

/// Pipes need no lock: the first instance of a name is exclusive.
#[derive(Debug)]
pub(super) struct Claim;

/// A pipe has no file that could be removed.
pub(super) type Identity = ();

pub(super) fn identity(_: &Path) -> Option<Identity> {
    None
}

pub(super) fn inherited() -> io::Result<Option<local::Listener>> {
    Ok(None)
}

pub(super) fn bind(path: &Path) -> Result<(local::Listener, Claim), ListenError> {
    let unusable =
        |error: io::Error| ListenError::Unusable { path: path.to_owned(), cause: error.to_string() };
    let name = path.to_fs_name::<GenericFilePath>().map_err(unusable)?;
    // Protected; full access for the owner and for nobody else.
    let owner_only = SecurityDescriptor::deserialize(u16cstr!("D:P(A;;GA;;;OW)")).map_err(unusable)?;
    let options = ListenerOptions::new().name(name).security_descriptor(owner_only);
    match options.create_tokio() {
        Ok(listener) => Ok((listener, Claim)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(ListenError::InUse { path: path.to_owned() })
        }
        Err(error) => Err(unusable(error)),
    }
}

/// The pipe's security descriptor has checked the peer.
///
/// # Errors
/// None.
pub fn check_peer(_: &Stream) -> Result<(), String> {
    Ok(())
}

/// A connection on its way to another thread's event loop.
#[derive(Debug)]
pub struct Detached(Stream);

impl Detached {
    /// Pipes are bound to no event loop that matters here.
    ///
    /// # Errors
    /// None.
    pub fn new(stream: Stream) -> io::Result<Self> {
        Ok(Self(stream))
    }

    /// As above.
    ///
    /// # Errors
    /// None.
    pub fn attach(self) -> io::Result<Stream> {
        Ok(self.0)
    }
}
