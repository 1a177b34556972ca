//! A JSON value carried as text: the encoding is positional and cannot describe one itself.

use serde::{Serialize, Serializer};

use crate::codec::{Decode, Encode};

/// JSON text. Clients may send anything; the daemon checks it, bounds it and stores it compacted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Json(pub String);

impl Json {
    /// The value, or `Null` when the text is no JSON (which the daemon never answers with).
    #[must_use]
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_str(&self.0).unwrap_or(serde_json::Value::Null)
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        Self(value.to_string())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}
