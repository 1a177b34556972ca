//! Resolves settings and locations from the real environment, the way the daemon does.

use std::path::{Path, PathBuf};

use agent_memory_proto::settings::{
    PREFIX, Settings,
    locations::{self, Platform, Surroundings},
};

use crate::error::ClientError;

/// Where the daemon of this environment lives, and the settings that say so.
#[derive(Clone, Debug)]
pub struct Locations {
    /// The data directory, absolute and without links.
    pub data_dir: PathBuf,
    /// The daemon's socket.
    pub socket: PathBuf,
    /// The settings file, whether it exists or not.
    pub config_file: PathBuf,
    /// Whether it exists.
    pub config_file_exists: bool,
    /// Where a daemon that a client starts logs to.
    pub log_file: PathBuf,
    /// The settings as this process sees them.
    pub settings: Settings,
}

impl Locations {
    /// Resolves from the environment and the settings file; the two arguments go before both.
    ///
    /// # Errors
    /// [`ClientError::Location`], [`ClientError::Setting`], and [`ClientError::Io`] when the
    /// settings file cannot be read.
    pub fn resolve(data_dir: Option<&Path>, socket: Option<&Path>) -> Result<Self, ClientError> {
        let variable = |name: &str| std::env::var(name).ok();
        let surroundings = Surroundings { variable: &variable, platform: Platform::HERE, user_id: user_id() };
        let config_file = locations::config_file(&surroundings)?;
        let is_named = variable("AGENT_MEMORY_CONFIG").is_some_and(|path| !path.is_empty());
        let text = match std::fs::read_to_string(&config_file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_named => None,
            Err(source) => {
                return Err(ClientError::Io {
                    doing: "reading the settings file",
                    path: config_file,
                    source,
                });
            }
        };
        let overrides = [("DATA_DIR", data_dir), ("SOCKET", socket)]
            .into_iter()
            .filter_map(|(name, path)| Some((format!("{PREFIX}{name}"), path?.to_str()?.to_owned())));
        let settings = Settings::resolve(environment().chain(overrides), text.as_deref())?;
        let working_dir = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let chosen = locations::data_dir(settings.text("DATA_DIR"), &surroundings)?;
        let data_dir = locations::canonical(&chosen, &working_dir, |path| std::fs::canonicalize(path))?;
        let socket = locations::socket(settings.text("SOCKET"), &data_dir, &surroundings)?;
        Ok(Self {
            socket: working_dir.join(socket),
            log_file: locations::log_file(&data_dir),
            config_file_exists: text.is_some(),
            config_file: working_dir.join(config_file),
            data_dir,
            settings,
        })
    }
}

/// The variables with our prefix. Others may hold anything, also what is no text.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| name.starts_with(PREFIX))?;
        Some((name, value.to_string_lossy().into_owned()))
    })
}

#[cfg(unix)]
pub(crate) fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
pub(crate) fn user_id() -> u32 {
    0
}
