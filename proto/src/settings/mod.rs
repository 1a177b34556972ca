//! Every setting: its name, what it allows, its default, and the resolution of values from the
//! environment and a TOML file. Pure: the callers read the environment and the file.

pub mod locations;
mod registry;
mod resolve;

pub use registry::{ALL, PREFIX, Setting, SettingKind};
pub use resolve::{Resolved, SettingError, Settings, Source, Unknown};
