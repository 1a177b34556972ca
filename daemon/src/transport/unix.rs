//! Unix sockets: the directory 0700, the socket 0600, the peer's user id checked.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
        net::UnixStream,
    },
    path::Path,
};

use interprocess::{
    local_socket::{GenericFilePath, ListenerOptions, ToFsName, tokio as local},
    os::unix::local_socket::ListenerOptionsExt,
};

use super::{ListenError, Stream};
use crate::places::make_private_dir;

/// The right to the socket's path, for as long as it is held.
#[derive(Debug)]
pub(super) struct Claim {
    _lock: File,
}

/// The file system and the number of a file: another file at the same path has others.
pub(super) type Identity = (u64, u64);

pub(super) fn identity(path: &Path) -> Option<Identity> {
    fs::symlink_metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// The listening socket that a service manager passed, if it did.
pub(super) fn inherited() -> io::Result<Option<local::Listener>> {
    let Some(listener) = listenfd::ListenFd::from_env().take_unix_listener(0)? else { return Ok(None) };
    let inner = interprocess::os::unix::uds_local_socket::tokio::Listener::try_from(
        std::os::fd::OwnedFd::from(listener),
    )?;
    Ok(Some(inner.into()))
}

pub(super) fn bind(path: &Path) -> Result<(local::Listener, Claim), ListenError> {
    let unusable = |cause: String| ListenError::Unusable { path: path.to_owned(), cause };
    let directory = path.parent().ok_or_else(|| unusable("it has no directory".to_owned()))?;
    prepare_directory(directory)?;
    let claim = claim(path)?;
    remove_stale(path)?;
    let name = path.to_fs_name::<GenericFilePath>().map_err(|error| unusable(error.to_string()))?;
    let options = ListenerOptions::new().name(name).mode(0o600);
    match options.create_tokio() {
        Ok(listener) => Ok((listener, claim)),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => bind_then_restrict(path, claim),
        Err(error) => Err(unusable(error.to_string())),
    }
}

/// For systems that cannot set the mode first: the directory keeps others out meanwhile.
fn bind_then_restrict(path: &Path, claim: Claim) -> Result<(local::Listener, Claim), ListenError> {
    let unusable =
        |error: io::Error| ListenError::Unusable { path: path.to_owned(), cause: error.to_string() };
    let name = path.to_fs_name::<GenericFilePath>().map_err(unusable)?;
    let listener = ListenerOptions::new().name(name).create_tokio().map_err(unusable)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(unusable)?;
    Ok((listener, claim))
}

fn prepare_directory(directory: &Path) -> Result<(), ListenError> {
    let unusable = |cause: String| ListenError::Unusable { path: directory.to_owned(), cause };
    make_private_dir(directory).map_err(|error| {
        unusable(format!("the directory cannot be made: {error}; set AGENT_MEMORY_SOCKET"))
    })?;
    let metadata = fs::symlink_metadata(directory).map_err(|error| unusable(error.to_string()))?;
    let own = rustix::process::geteuid().as_raw();
    if !metadata.is_dir() {
        return Err(unusable("it is a link or a file, not a directory; set AGENT_MEMORY_SOCKET".to_owned()));
    }
    if metadata.uid() != own {
        return Err(unusable(format!(
            "the directory belongs to user {}, and this is user {own}; set AGENT_MEMORY_SOCKET to a path of your own",
            metadata.uid()
        )));
    }
    let ours_by_name =
        directory.file_name().is_some_and(|name| name.to_string_lossy().starts_with("agent-memory"));
    if metadata.mode() & 0o077 != 0 && ours_by_name {
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).map_err(|error| {
            unusable(format!("others may enter the directory, and its mode cannot be set to 0700: {error}"))
        })?;
    } else if metadata.mode() & 0o022 != 0 {
        // Somebody's shared directory, such as /tmp: its mode is not ours to change.
        return Err(unusable("others may write to the directory; choose one of mode 0700".to_owned()));
    }
    Ok(())
}

/// Two daemons with different data directories and the same socket must not displace each other.
fn claim(path: &Path) -> Result<Claim, ListenError> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let unusable =
        |error: io::Error| ListenError::Unusable { path: lock_path.clone().into(), cause: error.to_string() };
    let mut options = OpenOptions::new();
    let lock =
        options.write(true).create(true).truncate(false).mode(0o600).open(&lock_path).map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(Claim { _lock: lock }),
        Err(TryLockError::WouldBlock) => Err(ListenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

fn remove_stale(path: &Path) -> Result<(), ListenError> {
    let unusable = |cause: String| ListenError::Unusable { path: path.to_owned(), cause };
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unusable(error.to_string())),
    };
    if !metadata.file_type().is_socket() {
        return Err(unusable(
            "it exists and is no socket; move it away or set AGENT_MEMORY_SOCKET".to_owned(),
        ));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            tracing::info!(path = %path.display(), "removing a stale socket");
            fs::remove_file(path).map_err(|error| unusable(error.to_string()))
        }
        Ok(_) => Err(ListenError::InUse { path: path.to_owned() }),
        Err(error) => Err(unusable(error.to_string())),
    }
}

/// Refuses peers of other users. The superuser may do anything anyway.
///
/// # Errors
/// The reason, for the log.
pub fn check_peer(stream: &Stream) -> Result<(), String> {
    use interprocess::local_socket::traits::StreamCommon;
    let peer = stream.peer_creds().map_err(|error| format!("the peer's user cannot be told: {error}"))?;
    let own = rustix::process::geteuid().as_raw();
    match peer.euid() {
        Some(user) if user == own || user == 0 => Ok(()),
        Some(user) => Err(format!("the peer is user {user}, and this daemon serves user {own} only")),
        None => Err("the system does not tell the peer's user".to_owned()),
    }
}

/// A connection on its way to another thread's event loop.
#[derive(Debug)]
pub struct Detached(std::os::fd::OwnedFd);

impl Detached {
    /// Takes the connection out of this thread's event loop.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(stream: Stream) -> io::Result<Self> {
        let Stream::UdSocket(stream) = stream;
        stream.try_into().map(Self)
    }

    /// Puts it into this thread's event loop.
    ///
    /// # Errors
    /// What the system says.
    pub fn attach(self) -> io::Result<Stream> {
        interprocess::os::unix::uds_local_socket::tokio::Stream::try_from(self.0).map(Stream::UdSocket)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn on_loop(test: impl FnOnce()) {
        crate::actors::block_on(async { test() }).expect("an event loop");
    }

    #[test]
    fn directory_and_socket_are_for_the_owner_only() {
        on_loop(|| {
            let base = tempfile::tempdir().expect("a directory");
            let path = base.path().join("run/a.sock");
            let _listening = bind(&path).expect("binds");
            let mode = |path: &Path| fs::metadata(path).expect("there").mode() & 0o777;
            assert_eq!(mode(path.parent().expect("directory")), 0o700);
            assert_eq!(mode(&path), 0o600);
        });
    }

    #[test]
    fn a_shared_directory_is_refused_and_left_as_it_is() {
        on_loop(|| {
            let base = tempfile::tempdir().expect("a directory");
            let shared = base.path().join("shared");
            fs::create_dir(&shared).expect("makes");
            fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).expect("sets");
            assert!(matches!(bind(&shared.join("a.sock")), Err(ListenError::Unusable { .. })));
            assert_eq!(fs::metadata(&shared).expect("there").mode() & 0o777, 0o777);
        });
    }

    #[test]
    fn a_live_socket_is_left_alone_and_a_stale_one_is_replaced() {
        on_loop(|| {
            let base = tempfile::tempdir().expect("a directory");
            let path = base.path().join("a.sock");
            let live = UnixListener::bind(&path).expect("binds");
            assert!(matches!(bind(&path), Err(ListenError::InUse { .. })));
            drop(live);
            bind(&path).expect("replaces the stale one");
        });
    }

    #[test]
    fn a_file_in_the_way_is_not_removed() {
        on_loop(|| {
            let base = tempfile::tempdir().expect("a directory");
            let path = base.path().join("a.sock");
            fs::write(&path, "precious").expect("writes");
            assert!(matches!(bind(&path), Err(ListenError::Unusable { .. })));
            assert_eq!(fs::read_to_string(&path).expect("reads"), "precious");
        });
    }
}
