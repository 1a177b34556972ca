//! A proxy between a program and a server, which can do to them what a network does: refuse, cut,
//! swallow and delay.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::watch,
};

/// What happens to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// They go through.
    Pass,
    /// New ones are refused by the system: nobody listens.
    Refuse,
    /// Bytes disappear in both directions, and so do the ends of connections. One that lost bytes
    /// stays silent for ever.
    BlackHole,
    /// Each reply of the server is held back for so long.
    Delay(Duration),
    /// The proxy ends.
    End,
}

#[derive(Clone, Copy, Debug)]
struct Control {
    mode: Mode,
    /// Connections that were made before a cut are reset.
    cuts: u64,
    version: u64,
}

/// A running proxy on a port of 127.0.0.1. It ends when dropped, with every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    control: watch::Sender<Control>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    accepted: AtomicU64,
    open: AtomicU64,
    to_server_bytes: AtomicU64,
    from_server_bytes: AtomicU64,
    /// The version of the control that the listener obeys.
    obeyed: Mutex<u64>,
    changed: Condvar,
}

/// What went through a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Connections that were accepted, ever.
    pub accepted: u64,
    /// Connections that are open.
    pub open: u64,
    /// Bytes that the server was sent.
    pub to_server_bytes: u64,
    /// Bytes that the server sent.
    pub from_server_bytes: u64,
}

impl Proxy {
    /// Starts one that lets everything through to a port of 127.0.0.1.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(server_port: u16) -> Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (control, changes) = watch::channel(Control { mode: Mode::Pass, cuts: 0, version: 0 });
        let shared = Arc::new(Shared {
            server: SocketAddr::from(([127, 0, 0, 1], server_port)),
            accepted: AtomicU64::new(0),
            open: AtomicU64::new(0),
            to_server_bytes: AtomicU64::new(0),
            from_server_bytes: AtomicU64::new(0),
            obeyed: Mutex::new(0),
            changed: Condvar::new(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(move || serve(&runtime, listener, address, changes, &theirs))
            .context("a thread for the proxy")?;
        Ok(Self { address, control, shared, thread: Some(thread) })
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Lets everything through again.
    pub fn restore(&self) {
        self.set(Mode::Pass, false);
    }

    /// Refuses new connections; those that are there go on.
    pub fn refuse(&self) {
        self.set(Mode::Refuse, false);
    }

    /// Resets every connection, on both sides. New ones are treated as before.
    pub fn cut(&self) {
        let mode = self.control.borrow().mode;
        self.set(mode, true);
    }

    /// Resets every connection and refuses new ones, as an unplugged server that was noticed.
    pub fn cut_and_refuse(&self) {
        self.set(Mode::Refuse, true);
    }

    /// Swallows everything, in both directions, and tells nobody.
    pub fn swallow(&self) {
        self.set(Mode::BlackHole, false);
    }

    /// Holds back each reply of the server for so long.
    pub fn delay(&self, by: Duration) {
        self.set(Mode::Delay(by), false);
    }

    /// What went through so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let get = |count: &AtomicU64| count.load(Ordering::SeqCst);
        Traffic {
            accepted: get(&self.shared.accepted),
            open: get(&self.shared.open),
            to_server_bytes: get(&self.shared.to_server_bytes),
            from_server_bytes: get(&self.shared.from_server_bytes),
        }
    }

    /// Changes the mode, and returns when it holds for connections to come.
    fn set(&self, mode: Mode, cut: bool) {
        let mut version = 0;
        self.control.send_modify(|control| {
            version = control.version + 1;
            *control = Control { mode, cuts: control.cuts + u64::from(cut), version };
        });
        let obeyed = self.shared.obeyed.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .shared
            .changed
            .wait_timeout_while(obeyed, Duration::from_secs(10), |obeyed| *obeyed < version);
        drop(waited);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.set(Mode::End, true);
        if let Some(thread) = self.thread.take() {
            // A panic in it has been printed already.
            let _ = thread.join();
        }
    }
}

fn serve(
    runtime: &Runtime,
    first: std::net::TcpListener,
    address: SocketAddr,
    mut changes: watch::Receiver<Control>,
    shared: &Arc<Shared>,
) {
    runtime.block_on(async {
        let mut listener = TcpListener::from_std(first).ok();
        loop {
            let control = *changes.borrow_and_update();
            match control.mode {
                Mode::Refuse | Mode::End => listener = None,
                _ if listener.is_none() => listener = TcpListener::bind(address).await.ok(),
                _ => {}
            }
            *shared.obeyed.lock().unwrap_or_else(PoisonError::into_inner) = control.version;
            shared.changed.notify_all();
            if control.mode == Mode::End {
                return;
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                accepted = accept(listener.as_ref()) => {
                    if let Ok(client) = accepted {
                        tokio::spawn(carry(client, changes.clone(), Arc::clone(shared)));
                    }
                }
            }
        }
    });
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => Ok(listener.accept().await?.0),
        None => std::future::pending().await,
    }
}

/// Carries the bytes of one connection until both ends are closed, one is reset, or it is cut.
async fn carry(mut client: TcpStream, control: watch::Receiver<Control>, shared: Arc<Shared>) {
    shared.accepted.fetch_add(1, Ordering::SeqCst);
    shared.open.fetch_add(1, Ordering::SeqCst);
    let cuts = control.borrow().cuts;
    if let Ok(mut server) = TcpStream::connect(shared.server).await {
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let silent = AtomicBool::new(false);
        let ended = {
            let (mut from_client, mut to_client) = client.split();
            let (mut from_server, mut to_server) = server.split();
            let up = Pump {
                control: control.clone(),
                silent: &silent,
                bytes: &shared.to_server_bytes,
                is_reply: false,
            };
            let down = Pump {
                control: control.clone(),
                silent: &silent,
                bytes: &shared.from_server_bytes,
                is_reply: true,
            };
            tokio::select! {
                () = cut(control, cuts) => Err(io::ErrorKind::ConnectionReset.into()),
                both = async {
                    tokio::try_join!(up.run(&mut from_client, &mut to_server), down.run(&mut from_server, &mut to_client))
                } => both,
            }
        };
        if ended.is_err() {
            let _ = (client.set_zero_linger(), server.set_zero_linger());
        }
    } else {
        let _ = client.set_zero_linger();
    }
    shared.open.fetch_sub(1, Ordering::SeqCst);
}

async fn cut(mut control: watch::Receiver<Control>, cuts: u64) {
    // The sender is gone with the proxy.
    let _ = control.wait_for(|control| control.cuts > cuts).await;
}

/// One direction of a connection.
struct Pump<'a> {
    control: watch::Receiver<Control>,
    silent: &'a AtomicBool,
    bytes: &'a AtomicU64,
    is_reply: bool,
}

impl Pump<'_> {
    async fn run(
        mut self,
        from: &mut (impl AsyncReadExt + Unpin),
        to: &mut (impl AsyncWriteExt + Unpin),
    ) -> io::Result<()> {
        let mut buffer = vec![0; 16 * 1_024];
        loop {
            let read = from.read(&mut buffer).await;
            self.hold_back().await;
            if self.is_silent() {
                match read {
                    Ok(1..) => continue,
                    // Its end is not told either.
                    Ok(0) | Err(_) => std::future::pending().await,
                }
            }
            match read? {
                0 => return to.shutdown().await,
                count => {
                    self.bytes.fetch_add(count as u64, Ordering::SeqCst);
                    to.write_all(&buffer[..count]).await?;
                }
            }
        }
    }

    /// Whether what was just read disappears.
    fn is_silent(&self) -> bool {
        if self.control.borrow().mode == Mode::BlackHole {
            self.silent.store(true, Ordering::SeqCst);
        }
        self.silent.load(Ordering::SeqCst)
    }

    /// Waits as long as replies are delayed, or until they no longer are.
    async fn hold_back(&mut self) {
        let Mode::Delay(by) = self.control.borrow_and_update().mode else { return };
        if self.is_reply {
            let restored = self.control.wait_for(|control| control.mode != Mode::Delay(by));
            let _ = tokio::time::timeout(by, restored).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
        time::Instant,
    };

    use super::*;

    /// A server that sends back what it gets.
    fn echo() -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                std::thread::spawn(move || {
                    let mut bytes = [0; 64];
                    while let Ok(count @ 1..) = stream.read(&mut bytes) {
                        if stream.write_all(&bytes[..count]).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        port
    }

    fn connect(proxy: &Proxy) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", proxy.port()))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(stream)
    }

    fn ask(stream: &mut TcpStream) -> io::Result<()> {
        stream.write_all(b"hello")?;
        stream.read_exact(&mut [0; 5])
    }

    #[test]
    fn it_passes_counts_refuses_and_restores() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut stream = connect(&proxy).unwrap();
        ask(&mut stream).unwrap();
        assert_eq!(
            proxy.traffic(),
            Traffic { accepted: 1, open: 1, to_server_bytes: 5, from_server_bytes: 5 }
        );
        proxy.refuse();
        assert_eq!(connect(&proxy).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        ask(&mut stream).expect("what is there goes on");
        proxy.restore();
        ask(&mut connect(&proxy).unwrap()).unwrap();
    }

    #[test]
    fn a_cut_resets_what_is_there_and_nothing_else() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut stream = connect(&proxy).unwrap();
        ask(&mut stream).unwrap();
        proxy.cut();
        assert_eq!(stream.read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        ask(&mut connect(&proxy).unwrap()).unwrap();
    }

    #[test]
    fn a_black_hole_says_nothing_and_what_fell_into_it_never_answers() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut stream = connect(&proxy).unwrap();
        ask(&mut stream).unwrap();
        proxy.swallow();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        assert_eq!(ask(&mut stream).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let mut new = connect(&proxy).expect("the system takes it");
        new.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        assert_eq!(ask(&mut new).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        proxy.restore();
        assert_eq!(ask(&mut stream).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        ask(&mut connect(&proxy).unwrap()).unwrap();
    }

    #[test]
    fn replies_are_delayed_until_they_no_longer_are() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut stream = connect(&proxy).unwrap();
        proxy.delay(Duration::from_millis(50));
        let started = Instant::now();
        ask(&mut stream).unwrap();
        assert!(started.elapsed() >= Duration::from_millis(50));
        proxy.delay(Duration::from_secs(3_600));
        stream.write_all(b"hello").unwrap();
        proxy.restore();
        stream.read_exact(&mut [0; 5]).unwrap();
    }
}
