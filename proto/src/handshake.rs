//! The handshake: one fixed-layout block of 128 bytes from each side, before any message. Its
//! layout never changes; it settles the protocol version for everything that follows.
//!
//! ```text
//! hello    0 magic "AGTM" | 4 purpose u8 | 5 flags u8 | 6 min version u16 | 8 max version u16
//!         10 zero u16 | 12 process id u32 | 16 build, 32 bytes NUL-padded | 48 agent id, 80 bytes NUL-padded
//! welcome  0 magic "AGTM" | 4 status u8 | 5 flags u8 | 6 min version u16 | 8 max version u16
//!         10 chosen version u16 | 12 process id u32 | 16 build, 32 bytes NUL-padded
//!         48 daemon id, 16 bytes | 64 largest frame u32 | 68 other connections u32 | 72 zero
//! ```

use uuid::Uuid;

/// Bytes of either side's block.
pub const HANDSHAKE_BYTES: usize = 128;
/// First bytes of either side's block.
pub const MAGIC: [u8; 4] = *b"AGTM";
/// Oldest protocol version that this build speaks.
pub const PROTOCOL_MIN: u16 = 1;
/// Newest protocol version that this build speaks.
pub const PROTOCOL_MAX: u16 = 5;

const BUILD_AT: usize = 16;
const BUILD_BYTES: usize = 32;
const AGENT_AT: usize = 48;
const AGENT_BYTES: usize = 80;

/// Set in a welcome by a daemon whose life a service manager decides; it is never asked to hand over.
pub const FLAG_MANAGED: u8 = 1;
/// Set in a welcome by a daemon that takes an agent's name only with its token.
pub const FLAG_PROVES_NAMES: u8 = 2;
/// Set in a hello to lift the rate limits for this connection (the socket's owner may; the benchmark does).
pub const FLAG_LIFT_RATE_LIMITS: u8 = 1;

/// Why a client connects. It grants nothing; a bridge has to give the admin key where the command line,
/// which its user types, need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// A program using the client library.
    Library = 0,
    /// One run of the command line.
    CommandLine = 1,
    /// An MCP bridge, open for as long as its agent runs.
    Bridge = 2,
    /// The benchmark.
    Benchmark = 3,
    /// Only a look whether the daemon lives; does not count as a connection that keeps it alive.
    Probe = 4,
}

/// The client's block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Oldest protocol version the client speaks.
    pub protocol_min: u16,
    /// Newest protocol version the client speaks.
    pub protocol_max: u16,
    /// Why it connects.
    pub purpose: Purpose,
    /// `FLAG_*` bits of a hello.
    pub flags: u8,
    /// Its process id.
    pub process_id: u32,
    /// Its build, as `1.2.3`; at most 32 bytes.
    pub build: String,
    /// The agent it speaks for by default, at most 80 bytes; empty when it names none.
    pub agent_id: String,
}

/// Whether the daemon takes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Frames may follow.
    Accepted = 0,
    /// No common protocol version; the daemon closes the connection.
    VersionMismatch = 1,
    /// The daemon is stopping; connect again, a new one may be there soon.
    Stopping = 2,
    /// Too many connections; the daemon closes this one.
    TooManyConnections = 3,
}

/// The daemon's block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Whether the connection goes on.
    pub status: Status,
    /// `FLAG_*` bits of a welcome.
    pub flags: u8,
    /// Oldest protocol version the daemon speaks.
    pub protocol_min: u16,
    /// Newest protocol version the daemon speaks.
    pub protocol_max: u16,
    /// The version both will speak; 0 unless accepted.
    pub protocol: u16,
    /// The daemon's process id.
    pub process_id: u32,
    /// The daemon's build.
    pub build: String,
    /// Identifies this run of the daemon: a client that sees another one has reconnected.
    pub daemon_id: Uuid,
    /// Largest payload of a frame that the daemon accepts, in bytes.
    pub frame_bytes_max: u32,
    /// Connections beside this one, without probes.
    pub other_connections: u32,
}

/// Why a block was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The first bytes are not ours: another program is at the other end.
    #[error("the other side does not speak this protocol: it sent {0:02x?}")]
    BadMagic([u8; 4]),
    /// A field holds a value outside its range.
    #[error("handshake field {field} is {value}")]
    BadField {
        /// The field's name.
        field: &'static str,
        /// Its value.
        value: String,
    },
}

/// The newest version in both ranges.
#[must_use]
pub fn negotiate(ours: (u16, u16), theirs: (u16, u16)) -> Option<u16> {
    let newest = ours.1.min(theirs.1);
    (newest >= ours.0 && newest >= theirs.0).then_some(newest)
}

impl Hello {
    /// The 128 bytes of the block. Build and agent id are cut at a character boundary when too long.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HANDSHAKE_BYTES] {
        let mut bytes = [0; HANDSHAKE_BYTES];
        put_common(&mut bytes, self.purpose as u8, self.flags, self.protocol_min, self.protocol_max);
        bytes[12..16].copy_from_slice(&self.process_id.to_le_bytes());
        put_text(&mut bytes[BUILD_AT..BUILD_AT + BUILD_BYTES], &self.build);
        put_text(&mut bytes[AGENT_AT..AGENT_AT + AGENT_BYTES], &self.agent_id);
        bytes
    }

    /// Reads a client's block.
    ///
    /// # Errors
    /// [`HandshakeError`]; the connection is closed without an answer.
    pub fn parse(bytes: &[u8; HANDSHAKE_BYTES]) -> Result<Self, HandshakeError> {
        check_magic(bytes)?;
        let purpose = match bytes[4] {
            0 => Purpose::Library,
            1 => Purpose::CommandLine,
            2 => Purpose::Bridge,
            3 => Purpose::Benchmark,
            4 => Purpose::Probe,
            other => return Err(bad("purpose", other)),
        };
        Ok(Self {
            protocol_min: u16_at(bytes, 6),
            protocol_max: u16_at(bytes, 8),
            purpose,
            flags: bytes[5],
            process_id: u32_at(bytes, 12),
            build: text("build", &bytes[BUILD_AT..BUILD_AT + BUILD_BYTES])?,
            agent_id: text("agent id", &bytes[AGENT_AT..AGENT_AT + AGENT_BYTES])?,
        })
    }
}

impl Welcome {
    /// Whether a service manager decides the life of the daemon: [`FLAG_MANAGED`] is set.
    #[must_use]
    pub const fn is_managed(&self) -> bool {
        self.flags & FLAG_MANAGED != 0
    }

    /// Whether the daemon takes an agent's name only with its token: [`FLAG_PROVES_NAMES`] is set.
    #[must_use]
    pub const fn proves_names(&self) -> bool {
        self.flags & FLAG_PROVES_NAMES != 0
    }

    /// The 128 bytes of the block.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HANDSHAKE_BYTES] {
        let mut bytes = [0; HANDSHAKE_BYTES];
        put_common(&mut bytes, self.status as u8, self.flags, self.protocol_min, self.protocol_max);
        bytes[10..12].copy_from_slice(&self.protocol.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.process_id.to_le_bytes());
        put_text(&mut bytes[BUILD_AT..BUILD_AT + BUILD_BYTES], &self.build);
        bytes[48..64].copy_from_slice(self.daemon_id.as_bytes());
        bytes[64..68].copy_from_slice(&self.frame_bytes_max.to_le_bytes());
        bytes[68..72].copy_from_slice(&self.other_connections.to_le_bytes());
        bytes
    }

    /// Reads a daemon's block.
    ///
    /// # Errors
    /// [`HandshakeError`]; no daemon of ours is at the other end.
    pub fn parse(bytes: &[u8; HANDSHAKE_BYTES]) -> Result<Self, HandshakeError> {
        check_magic(bytes)?;
        let status = match bytes[4] {
            0 => Status::Accepted,
            1 => Status::VersionMismatch,
            2 => Status::Stopping,
            3 => Status::TooManyConnections,
            other => return Err(bad("status", other)),
        };
        let mut daemon_id = [0; 16];
        daemon_id.copy_from_slice(&bytes[48..64]);
        Ok(Self {
            status,
            flags: bytes[5],
            protocol_min: u16_at(bytes, 6),
            protocol_max: u16_at(bytes, 8),
            protocol: u16_at(bytes, 10),
            process_id: u32_at(bytes, 12),
            build: text("build", &bytes[BUILD_AT..BUILD_AT + BUILD_BYTES])?,
            daemon_id: Uuid::from_bytes(daemon_id),
            frame_bytes_max: u32_at(bytes, 64),
            other_connections: u32_at(bytes, 68),
        })
    }
}

fn put_common(bytes: &mut [u8; HANDSHAKE_BYTES], fourth: u8, flags: u8, min: u16, max: u16) {
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4] = fourth;
    bytes[5] = flags;
    bytes[6..8].copy_from_slice(&min.to_le_bytes());
    bytes[8..10].copy_from_slice(&max.to_le_bytes());
}

fn put_text(field: &mut [u8], text: &str) {
    let mut end = text.len().min(field.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    field[..end].copy_from_slice(&text.as_bytes()[..end]);
}

fn check_magic(bytes: &[u8; HANDSHAKE_BYTES]) -> Result<(), HandshakeError> {
    let magic = [bytes[0], bytes[1], bytes[2], bytes[3]];
    if magic == MAGIC { Ok(()) } else { Err(HandshakeError::BadMagic(magic)) }
}

fn text(field: &'static str, bytes: &[u8]) -> Result<String, HandshakeError> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| bad(field, "not UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(bad(field, "text with control characters"));
    }
    Ok(text.to_owned())
}

fn u16_at(bytes: &[u8; HANDSHAKE_BYTES], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8; HANDSHAKE_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn bad(field: &'static str, value: impl ToString) -> HandshakeError {
    HandshakeError::BadField { field, value: value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello() -> Hello {
        Hello {
            protocol_min: 1,
            protocol_max: 3,
            purpose: Purpose::Bridge,
            flags: 0,
            process_id: 42,
            build: "1.2.3".to_owned(),
            agent_id: "claude-code".to_owned(),
        }
    }

    #[test]
    fn a_hello_survives_the_round_trip() {
        assert_eq!(Hello::parse(&hello().to_bytes()), Ok(hello()));
    }

    #[test]
    fn a_welcome_survives_the_round_trip() {
        let welcome = Welcome {
            status: Status::Accepted,
            flags: FLAG_MANAGED,
            protocol_min: 1,
            protocol_max: 1,
            protocol: 1,
            process_id: 7,
            build: "0.1.0".to_owned(),
            daemon_id: Uuid::from_u128(5),
            frame_bytes_max: 16,
            other_connections: 31,
        };
        assert_eq!(Welcome::parse(&welcome.to_bytes()), Ok(welcome));
    }

    #[test]
    fn a_long_agent_id_is_cut_at_a_character() {
        let long = Hello { agent_id: "é".repeat(60), ..hello() };
        let parsed = Hello::parse(&long.to_bytes()).expect("parses");
        assert_eq!(parsed.agent_id, "é".repeat(40));
    }

    #[test]
    fn garbage_is_named() {
        let refused = Hello::parse(&[b'G'; HANDSHAKE_BYTES]);
        assert_eq!(refused, Err(HandshakeError::BadMagic(*b"GGGG")));
    }

    #[test]
    fn versions_are_negotiated_to_the_newest_common_one() {
        assert_eq!(negotiate((1, 3), (2, 9)), Some(3));
        assert_eq!(negotiate((1, 1), (2, 9)), None);
    }
}
