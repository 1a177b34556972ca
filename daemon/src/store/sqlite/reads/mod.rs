//! What readers do: one file for each kind of thing that is read.

pub(super) mod entries;
pub(super) mod list;
pub(super) mod projects;
pub(super) mod scopes;
pub(super) mod sessions;

/// Cuts a list that was asked for one row too many, and tells whether there was one.
fn cut<T>(mut rows: Vec<T>, limit: u32) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    (rows, has_more)
}
