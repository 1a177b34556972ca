//! The encoding of messages: bincode's fixed-width little-endian layout, through the maintained
//! crate `wincode`. The only file that names it, so that it can be replaced in one place.

use wincode::{SchemaRead, SchemaWrite, config::DefaultConfig};

/// Why a message could not be encoded or decoded.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CodecError {
    /// The bytes are not a message of the expected type: truncated, an unknown variant, a length
    /// beyond the preallocation limit, or text that is not UTF-8.
    #[error("undecodable message: {0}")]
    Decode(String),
    /// The message decoded, and bytes were left over. The encoding would ignore them silently; a
    /// peer that sends them speaks another version of the message.
    #[error("undecodable message: {0} bytes left over after its end")]
    TrailingBytes(usize),
    /// The message could not be encoded.
    #[error("unencodable message: {0}")]
    Encode(String),
}

/// A type that crosses the wire. Implemented for every type that derives the codec's schema.
pub trait Message: Sized {
    /// Appends the encoded message to `out`.
    ///
    /// # Errors
    /// [`CodecError::Encode`] when a length exceeds what the encoding allows.
    fn encode_into(&self, out: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Decodes one message that fills `bytes` exactly.
    ///
    /// # Errors
    /// [`CodecError::Decode`] and [`CodecError::TrailingBytes`].
    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let (message, rest) = Self::decode_prefix(bytes)?;
        if rest.is_empty() { Ok(message) } else { Err(CodecError::TrailingBytes(rest.len())) }
    }

    /// Decodes one message from the start of `bytes` and returns what follows it.
    ///
    /// # Errors
    /// [`CodecError::Decode`].
    fn decode_prefix(bytes: &[u8]) -> Result<(Self, &[u8]), CodecError>;

    /// Encodes the message into a new buffer.
    ///
    /// # Errors
    /// As [`Message::encode_into`].
    fn encode(&self) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::new();
        self.encode_into(&mut out)?;
        Ok(out)
    }
}

impl<T> Message for T
where
    T: SchemaWrite<DefaultConfig, Src = T> + for<'de> SchemaRead<'de, DefaultConfig, Dst = T>,
{
    fn encode_into(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        wincode::serialize_into(out, self).map_err(|error| CodecError::Encode(error.to_string()))
    }

    fn decode_prefix(bytes: &[u8]) -> Result<(Self, &[u8]), CodecError> {
        let mut rest = bytes;
        let message =
            wincode::deserialize_from(&mut rest).map_err(|error| CodecError::Decode(error.to_string()))?;
        Ok((message, rest))
    }
}

/// Decodes a message of which parts stay where they are; `None` unless it fills `bytes` exactly.
pub(crate) fn decode_in_place<'de, T>(bytes: &'de [u8]) -> Option<T>
where
    T: SchemaRead<'de, DefaultConfig, Dst = T>,
{
    wincode::deserialize_exact(bytes).ok()
}

/// The derives of the schema, for the message types of this crate.
pub(crate) use wincode::{SchemaRead as Decode, SchemaWrite as Encode};
