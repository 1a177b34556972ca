//! Where everything lives, asked of this process's environment.

use std::{fs::DirBuilder, io, path::Path};

use agent_memory_proto::settings::{
    Settings,
    locations::{self, Platform, Surroundings},
};
use anyhow::Context;

use crate::config::Places;

/// The settings, and the places that follow from them.
///
/// # Errors
/// A setting that is not allowed, a settings file that cannot be read, or a place that cannot be
/// told; in words.
pub fn from_environment() -> anyhow::Result<(Settings, Places)> {
    let variable = |name: &str| std::env::var(name).ok();
    let surroundings = Surroundings { variable: &variable, platform: Platform::HERE, user_id: user_id() };
    let settings_file = locations::config_file(&surroundings)?;
    let asked_for = std::env::var_os("AGENT_MEMORY_CONFIG").is_some_and(|value| !value.is_empty());
    let text = match std::fs::read_to_string(&settings_file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !asked_for => None,
        Err(error) => {
            return Err(error)
                .with_context(|| format!("cannot read the settings file {}", settings_file.display()));
        }
    };
    // Variables that are no UTF-8 are none of ours.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = Settings::resolve(variables, text.as_deref())?;
    let data_dir = locations::data_dir(settings.text("DATA_DIR"), &surroundings)?;
    let working_dir = std::env::current_dir().unwrap_or_default();
    let data_dir = locations::canonical(&data_dir, &working_dir, |path: &Path| path.canonicalize())?;
    let socket = locations::socket(settings.text("SOCKET"), &data_dir, &surroundings)?;
    Ok((settings, Places { data_dir, socket, settings_file: text.map(|_| settings_file) }))
}

/// Makes a directory and those above it, for its owner only, unless it is there.
///
/// # Errors
/// What the file system says.
pub(crate) fn make_private_dir(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// The name of this machine.
pub(crate) fn machine() -> String {
    #[cfg(unix)]
    return rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    return std::env::var("COMPUTERNAME").unwrap_or_default();
}

fn user_id() -> u32 {
    #[cfg(unix)]
    return rustix::process::geteuid().as_raw();
    #[cfg(not(unix))]
    0
}
