//! Text and JSON that a command takes from its arguments, from stdin, or from a file.

use std::{io::Read, path::PathBuf};

use agent_memory_proto::{
    ErrorBody,
    limits::{CONTENT_CHARS_MAX, METADATA_BYTES_MAX},
    model::Json,
};
use clap::Args;

use crate::failure::Failure;

/// Beyond this nothing can be valid: four bytes for each character.
const BYTES_MAX: u64 = 4 * CONTENT_CHARS_MAX as u64 + 4;

/// The main text of an entry.
#[derive(Args, Debug, Default)]
pub(crate) struct Content {
    /// The text; `-` reads it from stdin.
    #[arg(value_name = "CONTENT", conflicts_with = "file")]
    pub(crate) content: Option<String>,
    /// Reads the text from a file.
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
}

impl Content {
    /// The text, if any was given.
    pub(crate) fn read(&self) -> Result<Option<String>, Failure> {
        if let Some(path) = &self.file {
            let file = std::fs::File::open(path)
                .map_err(|error| Failure::usage(unreadable(&path.display().to_string(), &error)))?;
            return read_text(file, &path.display().to_string()).map(Some);
        }
        match self.content.as_deref() {
            Some("-") => read_text(std::io::stdin().lock(), "stdin").map(Some),
            other => Ok(other.map(str::to_owned)),
        }
    }

    /// The text, which must be given.
    pub(crate) fn require(&self, field: &str) -> Result<String, Failure> {
        self.read()?.ok_or_else(|| {
            let body = ErrorBody::missing(field).with_allowed("an argument, - for stdin, or --file PATH");
            Failure::usage(body)
        })
    }
}

fn read_text(source: impl Read, name: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    source
        .take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(unreadable(name, &error)))?;
    if bytes.len() as u64 > BYTES_MAX {
        let allowed = format!("at most {CONTENT_CHARS_MAX} characters");
        let body = ErrorBody::invalid("content", format!("{name}, which is longer"), allowed);
        return Err(Failure::usage(body));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(ErrorBody::invalid("content", name, "text in UTF-8")))?;
    // The newline that an editor or echo puts at the end is no part of the content.
    Ok(text
        .strip_suffix('\n')
        .map(|text| text.strip_suffix('\r').unwrap_or(text))
        .unwrap_or(&text)
        .to_owned())
}

fn unreadable(name: &str, error: &std::io::Error) -> ErrorBody {
    ErrorBody::invalid("content", name, format!("a file that can be read ({error})"))
}

/// Reads a JSON argument; `shape` names what is allowed (`a JSON object`).
pub(crate) fn json(field: &str, text: Option<&str>, shape: &str) -> Result<Option<Json>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let allowed = format!("{shape} of at most {METADATA_BYTES_MAX} bytes");
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| Failure::usage(ErrorBody::invalid(field, text, format!("{allowed} ({error})"))))?;
    Ok(Some(Json::from(&value)))
}

/// Reads a time argument.
pub(crate) fn time(field: &str, text: Option<&str>) -> Result<Option<i64>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let allowed = "a time as 2026-11-23T01:02:03Z (with an offset or Z), or a date as 2026-11-23";
    agent_memory_client::times::parse(text)
        .map(Some)
        .ok_or_else(|| Failure::usage(ErrorBody::invalid(field, text, allowed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_newline_is_no_content() {
        assert_eq!(read_text("a\nb\n".as_bytes(), "x").expect("text"), "a\nb");
        assert_eq!(read_text("a\r\n".as_bytes(), "x").expect("text"), "a");
        assert!(read_text(&[0xff][..], "x").is_err());
    }

    #[test]
    fn endless_input_is_refused() {
        assert!(read_text(std::io::repeat(b'x'), "x").is_err());
    }

    #[test]
    fn wrong_json_and_times_are_usage_errors() {
        assert!(json("metadata", Some("{"), "a JSON object").is_err());
        assert!(time("validFrom", Some("soon")).is_err());
        assert_eq!(time("validFrom", Some("1970-01-01")).expect("a date"), Some(0));
    }
}
