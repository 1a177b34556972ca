//! Values of the settings: environment over file over default, each checked, each with its source.

use std::{collections::BTreeMap, fmt};

use super::registry::{ALL, PREFIX, Setting, SettingKind};

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The settings file.
    File,
    /// The environment.
    Environment,
}

impl Source {
    /// The public name, as `environment`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
        }
    }
}

/// One setting with its value.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The setting.
    pub setting: &'static Setting,
    /// Its value, as text; empty when it is not set and has no default.
    pub value: String,
    /// Where the value came from.
    pub source: Source,
}

impl Resolved {
    /// The value as it may be shown.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self.setting.kind {
            SettingKind::Secret if !self.value.is_empty() => "(secret)",
            _ => &self.value,
        }
    }
}

/// A setting that stops the start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The value is not allowed.
    #[error("{name}={value:?} (from the {from}) is not allowed: it takes {allowed}")]
    Invalid {
        /// The variable's name.
        name: String,
        /// Its value; `(secret)` for a secret.
        value: String,
        /// `environment` or `file`.
        from: &'static str,
        /// What it takes.
        allowed: String,
    },
    /// The settings file is no TOML, or a key in it is unknown or no plain value.
    #[error("settings file: {0}")]
    File(String),
}

/// A variable with our prefix that is no setting: worth a warning, not a refusal, since another
/// version may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The variable's name.
    pub name: String,
    /// The setting it resembles most.
    pub nearest: Option<String>,
}

/// Every setting with its value.
#[derive(Clone, Debug)]
pub struct Settings {
    values: BTreeMap<&'static str, Resolved>,
    unknown: Vec<Unknown>,
}

impl Settings {
    /// Takes the variables of the environment (those without the prefix are passed over) and the
    /// text of the settings file. An empty variable counts as not set.
    ///
    /// # Errors
    /// The first [`SettingError`].
    pub fn resolve(
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<&str>,
    ) -> Result<Self, SettingError> {
        let mut values: BTreeMap<&'static str, Resolved> = ALL
            .iter()
            .map(|setting| {
                let value = setting.default.to_owned();
                (setting.name, Resolved { setting, value, source: Source::Default })
            })
            .collect();
        for (key, value) in file.map(parse_file).transpose()?.unwrap_or_default() {
            let name = key.to_uppercase();
            let resolved = values.get_mut(name.as_str()).ok_or_else(|| unknown_key(&key))?;
            set(resolved, value, Source::File)?;
        }
        let mut unknown = Vec::new();
        for (variable, value) in environment {
            let Some(name) = variable.strip_prefix(PREFIX) else { continue };
            match values.get_mut(name) {
                Some(_) if value.is_empty() => {}
                Some(resolved) => set(resolved, value, Source::Environment)?,
                None => unknown.push(Unknown { nearest: nearest(name), name: variable }),
            }
        }
        Ok(Self { values, unknown })
    }

    /// Every setting, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Resolved> {
        self.values.values()
    }

    /// Variables with our prefix that are no settings.
    #[must_use]
    pub fn unknown(&self) -> &[Unknown] {
        &self.unknown
    }

    /// Whether somebody chose the value, in the environment or the file.
    ///
    /// # Panics
    /// When `name` is no setting, which a test of each caller would show.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.values.get(name).expect("a name from the registry").source != Source::Default
    }

    /// The value of a text, path, choice or secret; `None` when it is not set.
    ///
    /// # Panics
    /// When `name` is no setting, which a test of each caller would show.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let value = &self.values.get(name).expect("a name from the registry").value;
        (!value.is_empty()).then_some(value.as_str())
    }

    /// The value of a number.
    ///
    /// # Panics
    /// When `name` is no number, which a test of each caller would show.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        self.text(name).and_then(|value| value.parse().ok()).expect("a number, checked when it was resolved")
    }

    /// The value of a flag.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).and_then(parse_flag).unwrap_or(false)
    }
}

fn set(resolved: &mut Resolved, value: String, source: Source) -> Result<(), SettingError> {
    let value = value.trim().to_owned();
    if let Err(allowed) = check(resolved.setting.kind, &value) {
        let secret = resolved.setting.kind == SettingKind::Secret;
        return Err(SettingError::Invalid {
            name: format!("{PREFIX}{}", resolved.setting.name),
            value: if secret { "(secret)".to_owned() } else { value },
            from: source.name(),
            allowed,
        });
    }
    resolved.value = value;
    resolved.source = source;
    Ok(())
}

fn check(kind: SettingKind, value: &str) -> Result<(), String> {
    match kind {
        SettingKind::Text | SettingKind::Path | SettingKind::Secret if value.contains('\0') => {
            Err("text without NUL".to_owned())
        }
        SettingKind::Text | SettingKind::Path | SettingKind::Secret => Ok(()),
        SettingKind::Flag => parse_flag(value)
            .map(|_| ())
            .ok_or_else(|| "1 or 0 (or true, false, yes, no, on, off)".to_owned()),
        SettingKind::Number { min, max } => match value.parse::<u64>() {
            Ok(number) if (min..=max).contains(&number) => Ok(()),
            _ => Err(format!("a whole number from {min} to {max}")),
        },
        SettingKind::Choice(words) if words.contains(&value) => Ok(()),
        SettingKind::Choice(words) => Err(words.join(" or ")),
    }
}

fn parse_flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn parse_file(text: &str) -> Result<Vec<(String, String)>, SettingError> {
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| SettingError::File(error.message().to_owned()))?;
    table
        .into_iter()
        .map(|(key, value)| match value {
            toml::Value::String(text) => Ok((key, text)),
            toml::Value::Integer(number) => Ok((key, number.to_string())),
            toml::Value::Boolean(flag) => Ok((key, flag.to_string())),
            other => Err(SettingError::File(format!(
                "{key} is a {}; allowed: text, a whole number, true or false",
                other.type_str()
            ))),
        })
        .collect()
}

fn unknown_key(key: &str) -> SettingError {
    let hint = nearest(&key.to_uppercase()).map(|name| format!("; did you mean {}?", name.to_lowercase()));
    SettingError::File(format!("unknown key {key:?}{}", hint.unwrap_or_default()))
}

fn nearest(name: &str) -> Option<String> {
    ALL.iter()
        .map(|setting| (strsim::jaro_winkler(setting.name, name), setting.name))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, value: &str) -> (String, String) {
        (format!("{PREFIX}{name}"), value.to_owned())
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let file = "log_level = \"debug\"\nquery_cache_size = 7\nperf = true\n";
        let settings = Settings::resolve([variable("LOG_LEVEL", "warn")], Some(file)).expect("resolves");
        assert_eq!(settings.text("LOG_LEVEL"), Some("warn"));
        assert_eq!(settings.number("QUERY_CACHE_SIZE"), 7);
        assert!(settings.flag("PERF"));
        assert_eq!(settings.number("IDLE_EXIT_MS"), 1_800_000);
    }

    #[test]
    fn a_wrong_value_names_the_variable_the_value_and_what_is_allowed() {
        let error = Settings::resolve([variable("QUERY_CACHE_SIZE", "many")], None).expect_err("refused");
        let text = error.to_string();
        assert!(text.contains("AGENT_MEMORY_QUERY_CACHE_SIZE=\"many\""), "{text}");
        assert!(text.contains("a whole number from 0 to"), "{text}");
    }

    #[test]
    fn an_unknown_key_of_the_file_is_refused_with_the_nearest() {
        let error = Settings::resolve([], Some("log_levle = \"debug\"")).expect_err("refused");
        assert!(error.to_string().contains("did you mean log_level?"), "{error}");
    }

    #[test]
    fn an_unknown_variable_is_noted_with_the_nearest() {
        let settings = Settings::resolve([variable("LOG_LEVLE", "x")], None).expect("resolves");
        assert_eq!(settings.unknown()[0].nearest.as_deref(), Some("LOG_LEVEL"));
    }

    #[test]
    fn a_secret_is_not_shown() {
        let settings = Settings::resolve([variable("ADMIN_KEY", "hunter2")], None).expect("resolves");
        assert!(settings.iter().all(|resolved| resolved.shown() != "hunter2"));
    }
}
