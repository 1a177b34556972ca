//! Where everything lives: data directory, socket, settings file, log file. The daemon and its
//! clients must agree, so both call these functions. Pure: the environment, the user and the
//! resolution of links are passed in.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use super::PREFIX;
use crate::limits::SOCKET_PATH_BYTES_MAX;

/// Name of the directory that each base directory gets.
const FOLDER: &str = "agent-memory";

/// Whose conventions decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Linux and other Unix systems: the XDG base directories.
    Unix,
    /// macOS: `~/Library/Application Support`.
    MacOs,
    /// Windows: `%LOCALAPPDATA%` and named pipes.
    Windows,
}

impl Platform {
    /// The platform that this was built for.
    pub const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::MacOs
    } else {
        Self::Unix
    };

    /// Longest path of a socket, in bytes, with its terminating NUL.
    #[must_use]
    pub const fn socket_path_bytes_max(self) -> usize {
        match self {
            Self::Unix => SOCKET_PATH_BYTES_MAX,
            Self::MacOs => 104,
            Self::Windows => 256,
        }
    }
}

/// What the locations are derived from.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Looks up a variable of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Whose conventions decide.
    pub platform: Platform,
    /// The effective user id; 0 on Windows.
    pub user_id: u32,
}

impl fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("platform", &self.platform)
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

/// Why a location cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// No variable says where the home is.
    #[error("no home directory: {tried} is not set; set {PREFIX}{setting} to an absolute path")]
    NoHome {
        /// The variable that was looked at last.
        tried: &'static str,
        /// The setting that helps, without its prefix.
        setting: &'static str,
    },
    /// A socket's path must fit into a fixed field of the system's address.
    #[error(
        "{PREFIX}SOCKET={path:?} is {bytes} bytes long; a socket's path has at most {allowed} bytes: \
         choose a shorter one"
    )]
    SocketTooLong {
        /// The path.
        path: PathBuf,
        /// Its length.
        bytes: usize,
        /// What is allowed.
        allowed: usize,
    },
    /// A path cannot be resolved.
    #[error("{path:?} cannot be resolved: {cause}")]
    Unresolvable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
}

/// The data directory: `configured` (`AGENT_MEMORY_DATA_DIR`), else the platform's data home.
/// A leading `~/` stands for the home directory.
///
/// # Errors
/// [`LocationError::NoHome`].
pub fn data_dir(configured: Option<&str>, surroundings: &Surroundings<'_>) -> Result<PathBuf, LocationError> {
    if let Some(configured) = configured {
        return surroundings.expand(configured, "DATA_DIR");
    }
    surroundings.base("XDG_DATA_HOME", ".local/share", "DATA_DIR")
}

/// The settings file: `AGENT_MEMORY_CONFIG`, else `config.toml` in the platform's config home.
///
/// # Errors
/// [`LocationError::NoHome`].
pub fn config_file(surroundings: &Surroundings<'_>) -> Result<PathBuf, LocationError> {
    if let Some(configured) = surroundings.get("AGENT_MEMORY_CONFIG") {
        return surroundings.expand(&configured, "CONFIG");
    }
    Ok(surroundings.base("XDG_CONFIG_HOME", ".config", "CONFIG")?.join("config.toml"))
}

/// The log of a daemon that a client started.
#[must_use]
pub fn log_file(data_dir: &Path) -> PathBuf {
    data_dir.join("logs").join("agent-memoryd.log")
}

/// The daemon's socket (on Windows: the name of its pipe): `configured` (`AGENT_MEMORY_SOCKET`),
/// else one that is derived from the data directory, which must be [`canonical`].
///
/// # Errors
/// [`LocationError::SocketTooLong`] for a configured one; derived ones always fit.
pub fn socket(
    configured: Option<&str>,
    canonical_data_dir: &Path,
    surroundings: &Surroundings<'_>,
) -> Result<PathBuf, LocationError> {
    let allowed = surroundings.platform.socket_path_bytes_max() - 1;
    if let Some(configured) = configured {
        let path = surroundings.expand(configured, "SOCKET")?;
        let bytes = path.as_os_str().len();
        return if bytes > allowed {
            Err(LocationError::SocketTooLong { path, bytes, allowed })
        } else {
            Ok(path)
        };
    }
    let hash = fnv1a(canonical_data_dir.as_os_str().as_encoded_bytes());
    if surroundings.platform == Platform::Windows {
        return Ok(PathBuf::from(format!(r"\\.\pipe\{FOLDER}-{hash:016x}")));
    }
    let name = format!("{hash:016x}.sock");
    let short = PathBuf::from(format!("/tmp/{FOLDER}-{}", surroundings.user_id)).join(&name);
    let preferred = surroundings.directory("XDG_RUNTIME_DIR").map(|base| base.join(FOLDER).join(&name));
    Ok(preferred.filter(|path| path.as_os_str().len() <= allowed).unwrap_or(short))
}

/// The absolute path without links, also when its last parts do not exist yet: the longest part
/// that exists is resolved with `resolve` (`std::fs::canonicalize`), the rest is appended.
///
/// # Errors
/// [`LocationError::Unresolvable`] for everything but a missing part.
pub fn canonical(
    path: &Path,
    working_dir: &Path,
    resolve: impl Fn(&Path) -> io::Result<PathBuf>,
) -> Result<PathBuf, LocationError> {
    let absolute = working_dir.join(path);
    let mut missing = Vec::new();
    let mut existing = absolute.as_path();
    loop {
        match resolve(existing) {
            Ok(mut resolved) => {
                resolved.extend(missing.iter().rev());
                return Ok(resolved);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(LocationError::Unresolvable { path: absolute, cause: error.to_string() });
            }
        }
        match (existing.file_name(), existing.parent()) {
            (Some(name), Some(parent)) => {
                missing.push(name.to_owned());
                existing = parent;
            }
            _ => {
                let cause = "no part of it exists".to_owned();
                return Err(LocationError::Unresolvable { path: absolute, cause });
            }
        }
    }
}

impl Surroundings<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// An absolute directory from a variable; a relative one is passed over, as the XDG base
    /// directory specification asks.
    fn directory(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    fn home(&self, setting: &'static str) -> Result<PathBuf, LocationError> {
        let tried = if self.platform == Platform::Windows { "USERPROFILE" } else { "HOME" };
        self.get(tried).map(PathBuf::from).ok_or(LocationError::NoHome { tried, setting })
    }

    fn expand(&self, path: &str, setting: &'static str) -> Result<PathBuf, LocationError> {
        match path.strip_prefix("~/") {
            Some(rest) => Ok(self.home(setting)?.join(rest)),
            None => Ok(PathBuf::from(path)),
        }
    }

    fn base(&self, xdg: &str, under_home: &str, setting: &'static str) -> Result<PathBuf, LocationError> {
        let base = match self.platform {
            Platform::Windows => match self.get("LOCALAPPDATA") {
                Some(local) => PathBuf::from(local),
                None => self.home(setting)?.join("AppData").join("Local"),
            },
            Platform::MacOs => match self.directory(xdg) {
                Some(base) => base,
                None => self.home(setting)?.join("Library/Application Support"),
            },
            Platform::Unix => match self.directory(xdg) {
                Some(base) => base,
                None => self.home(setting)?.join(under_home),
            },
        };
        Ok(base.join(FOLDER))
    }
}

/// FNV-1a, 64 bits: short, stable over versions and platforms. Only names derive from it.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(variables: &[(&str, &str)], platform: Platform, check: impl Fn(&Surroundings<'_>) -> T) -> T {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        check(&Surroundings { variable: &variable, platform, user_id: 1000 })
    }

    #[test]
    fn the_data_directory_follows_the_platform() {
        let unix = with(&[("HOME", "/home/ada")], Platform::Unix, |here| data_dir(None, here));
        assert_eq!(unix, Ok("/home/ada/.local/share/agent-memory".into()));
        let xdg = [("HOME", "/home/ada"), ("XDG_DATA_HOME", "/data")];
        assert_eq!(with(&xdg, Platform::Unix, |here| data_dir(None, here)), Ok("/data/agent-memory".into()));
        let mac = with(&[("HOME", "/Users/ada")], Platform::MacOs, |here| data_dir(None, here));
        assert_eq!(mac, Ok("/Users/ada/Library/Application Support/agent-memory".into()));
    }

    #[test]
    fn a_configured_data_directory_wins_and_may_start_at_home() {
        let home = [("HOME", "/home/ada")];
        assert_eq!(with(&home, Platform::Unix, |here| data_dir(Some("/x"), here)), Ok("/x".into()));
        let expanded = with(&home, Platform::Unix, |here| data_dir(Some("~/memory"), here));
        assert_eq!(expanded, Ok("/home/ada/memory".into()));
    }

    #[test]
    fn a_relative_base_directory_is_passed_over() {
        let xdg = [("HOME", "/home/ada"), ("XDG_DATA_HOME", "data")];
        let found = with(&xdg, Platform::Unix, |here| data_dir(None, here));
        assert_eq!(found, Ok("/home/ada/.local/share/agent-memory".into()));
    }

    #[test]
    fn without_a_home_the_setting_is_named() {
        let error = with(&[], Platform::Unix, |here| data_dir(None, here)).expect_err("no home");
        assert!(error.to_string().contains("AGENT_MEMORY_DATA_DIR"), "{error}");
    }

    #[test]
    fn each_data_directory_has_its_own_socket() {
        let runtime = [("XDG_RUNTIME_DIR", "/run/user/1000")];
        let at = |dir: &str| with(&runtime, Platform::Unix, |here| socket(None, Path::new(dir), here));
        let first = at("/home/ada/.local/share/agent-memory").expect("fits");
        assert_eq!(first.parent(), Some(Path::new("/run/user/1000/agent-memory")));
        assert_ne!(Ok(first), at("/elsewhere"));
    }

    #[test]
    fn a_long_runtime_directory_gives_way_to_the_short_one() {
        let long = format!("/{}", "r".repeat(90));
        let runtime = [("XDG_RUNTIME_DIR", long.as_str())];
        let path = with(&runtime, Platform::Unix, |here| socket(None, Path::new("/d"), here)).expect("fits");
        assert!(path.starts_with("/tmp/agent-memory-1000"), "{path:?}");
        assert!(path.as_os_str().len() < SOCKET_PATH_BYTES_MAX);
    }

    #[test]
    fn a_configured_socket_that_is_too_long_names_the_limit() {
        let long = format!("/{}", "s".repeat(107));
        let error = with(&[], Platform::Unix, |here| socket(Some(&long), Path::new("/d"), here));
        assert!(error.expect_err("too long").to_string().contains("at most 107 bytes"));
        assert!(with(&[], Platform::Unix, |here| socket(Some(&long[..107]), Path::new("/d"), here)).is_ok());
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn missing_parts_are_kept_behind_the_resolved_rest() {
        let resolve = |path: &Path| match path.to_str() {
            Some("/link") => Ok(PathBuf::from("/real")),
            Some("/secret") => Err(io::ErrorKind::PermissionDenied.into()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        let found = canonical(Path::new("link/a/b"), Path::new("/"), resolve);
        assert_eq!(found, Ok("/real/a/b".into()));
        assert!(canonical(Path::new("/secret"), Path::new("/"), resolve).is_err());
    }

    #[test]
    fn the_settings_file_may_be_named() {
        let named = [("AGENT_MEMORY_CONFIG", "/etc/am.toml")];
        assert_eq!(with(&named, Platform::Unix, config_file), Ok("/etc/am.toml".into()));
        let home = [("HOME", "/home/ada")];
        let found = with(&home, Platform::Unix, config_file);
        assert_eq!(found, Ok("/home/ada/.config/agent-memory/config.toml".into()));
    }
}
