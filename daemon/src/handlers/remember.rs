//! Remember plain text as the kind of entry it looks like.
