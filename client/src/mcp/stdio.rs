//! Stdin and stdout without blocking threads where the system allows it: socket pairs (what Node
//! gives its children) and pipes.

use rmcp::transport::stdio_pipes;
use tokio::io::{AsyncRead, AsyncWrite};

type Reader = Box<dyn AsyncRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// The two ends that the client holds the other ends of.
pub(super) fn open() -> (Reader, Writer) {
    #[cfg(unix)]
    if let Some((read, write)) = socket_pair() {
        return (Box::new(read), Box::new(write));
    }
    let (read, write) = stdio_pipes();
    (Box::new(read), Box::new(write))
}

/// Stdin and stdout as Unix sockets, when both are.
#[cfg(unix)]
fn socket_pair() -> Option<(tokio::net::unix::OwnedReadHalf, tokio::net::unix::OwnedWriteHalf)> {
    use std::os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    };

    let look = |descriptor: BorrowedFd<'_>| {
        let stream = UnixStream::from(descriptor.try_clone_to_owned().ok()?);
        stream.local_addr().ok().map(|_| stream)
    };
    // Both are looked at before either is changed: the fallback needs a stdin that blocks.
    let (stdin, stdout) = (look(std::io::stdin().as_fd())?, look(std::io::stdout().as_fd())?);
    let open = |stream: UnixStream| {
        stream.set_nonblocking(true).ok()?;
        tokio::net::UnixStream::from_std(stream).ok()
    };
    let (read, unused) = open(stdin)?.into_split();
    // Dropping a write half shuts the socket down, and both may be the same one.
    unused.forget();
    Some((read, open(stdout)?.into_split().1))
}
