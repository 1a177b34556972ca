//! Every setting, its value and where it came from.

use crate::codec::{Decode, Encode};

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SettingValue {
    /// Its name, as `AGENT_MEMORY_LOG_LEVEL`.
    pub name: String,
    /// Its value; `(secret)` for one that must not be shown, empty when it is not set.
    pub value: String,
    /// `default`, `environment`, `file`.
    pub source: String,
    /// Whether SIGHUP takes up a new value.
    pub reloadable: bool,
}

/// Every setting of the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ConfigReport {
    /// The settings, by name.
    pub settings: Vec<SettingValue>,
    /// The settings file that was read.
    pub file: Option<String>,
}
