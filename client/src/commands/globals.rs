//! Arguments that every command takes.

use std::{path::PathBuf, time::Duration};

use clap::Args;

/// Arguments that every command takes.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "For every command")]
pub(crate) struct Globals {
    /// Prints JSON for programs
    #[arg(long, global = true, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Prints ids only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// The project: an id, a name or a directory [default: AGENT_MEMORY_PROJECT, `CLAUDE_PROJECT_DIR`, the git root]
    #[arg(long, global = true, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// The agent to speak for [default: AGENT_MEMORY_AGENT]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// Directory of the store [default: AGENT_MEMORY_DATA_DIR, the platform's data home]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The daemon's socket [default: AGENT_MEMORY_SOCKET, derived from the data directory]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// How long to wait for an answer, as 500ms, 10s or 2m [default: 30s]
    #[arg(long, global = true, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
}

/// Reads a time with its unit; a bare number counts seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "allowed: a whole number with ms, s, m or h, from 1ms to 24h".to_owned();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let unit_ms: u64 = match &text[digits..] {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    match number.checked_mul(unit_ms) {
        Some(ms @ 1..=86_400_000) => Ok(Duration::from_millis(ms)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "0", "s", "-1s", "1d", "99999999999999999999h", "25h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
