//! Formats that more than their first characters tell: what stands around them is looked at.

mod addresses;
mod assigned;
mod keys;

use std::ops::Range;

pub(super) use addresses::{connection_password, url_password};
pub(super) use assigned::{authorization, aws_secret, aws_session, azure_signature, base64_key};
pub(super) use keys::{azure_client_secret, jwt, openai_key, private_key, telegram_token};

/// Looks at what stands around an anchor, and says where the secret is.
pub(super) type Look = fn(&str, Range<usize>) -> Option<Range<usize>>;

/// How far a value reaches whose end is not told by its length.
const VALUE_MAX: usize = 512;
