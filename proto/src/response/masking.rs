//! What of a write was stored otherwise than it came: secrets, of which only the kind is kept.

use std::fmt;

use serde::Serialize;

use crate::codec::{Decode, Encode};

/// Stands before the response to a write of which something was masked, in a frame with
/// [`FLAG_MASKED`](crate::frame::FLAG_MASKED).
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Masking {
    /// Where, at most [`Masking::FIELDS_MAX`].
    pub fields: Vec<MaskedField>,
    /// How many secrets, also in fields that are not told.
    pub total: u64,
}

/// Secrets of one kind in one field.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct MaskedField {
    /// The position in what is imported, as `entries.tools[3]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The field by its public name, as `entries[2].content` or `metadata.db.url`.
    pub field: String,
    /// What it was, as `github-token`.
    pub kind: String,
    /// How many.
    pub count: u32,
}

impl Masking {
    /// The first protocol version that knows it.
    pub const PROTOCOL: u16 = 4;
    /// Fields that are told.
    pub const FIELDS_MAX: usize = 100;

    /// Adds what was masked of another part of the same write.
    pub fn add(&mut self, other: Self) {
        self.total += other.total;
        let room = Self::FIELDS_MAX.saturating_sub(self.fields.len());
        self.fields.extend(other.fields.into_iter().take(room));
    }
}

/// For people: `Secrets were masked: github-token in content`.
impl fmt::Display for Masking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets were masked: ")?;
        let mut told = 0;
        for (index, one) in self.fields.iter().enumerate() {
            told += u64::from(one.count);
            f.write_str(if index > 0 { "; " } else { "" })?;
            if let Some(at) = &one.at {
                write!(f, "{at}: ")?;
            }
            if one.count > 1 {
                write!(f, "{} × ", one.count)?;
            }
            write!(f, "{} in {}", one.kind, one.field)?;
        }
        match self.total.saturating_sub(told) {
            0 => Ok(()),
            untold => write!(f, "; and {untold} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(at: Option<&str>, count: u32) -> MaskedField {
        let at = at.map(str::to_owned);
        MaskedField { at, field: "content".to_owned(), kind: "github-token".to_owned(), count }
    }

    #[test]
    fn it_is_told_in_words() {
        let mut masking = Masking { fields: vec![field(None, 1)], total: 1 };
        assert_eq!(masking.to_string(), "Secrets were masked: github-token in content");
        masking.add(Masking { fields: vec![field(Some("line 3"), 2)], total: 7 });
        assert_eq!(
            masking.to_string(),
            "Secrets were masked: github-token in content; line 3: 2 × github-token in content; and 5 more"
        );
    }

    #[test]
    fn what_is_told_is_bounded() {
        let mut masking = Masking::default();
        for _ in 0..3 {
            masking.add(Masking { fields: vec![field(None, 1); 60], total: 60 });
        }
        assert_eq!((masking.fields.len(), masking.total), (Masking::FIELDS_MAX, 180));
    }
}
