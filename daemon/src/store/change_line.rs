//! One change as a line of text: how daemons tell each other what they wrote, whatever carries it.

use agent_memory_proto::{
    Event,
    codec::Message,
    model::{ScopeLevel, ScopeRef},
};

use super::Change;

/// One change as a line: scope level, scope id, whether the tree of scopes or permissions changed, and the event.
/// An agent's name of unusual length is left out.
pub(crate) fn write(change: &Change) -> String {
    const NAME_BYTES_MAX: usize = 400;
    let mut event = change.event.clone();
    if let Some(Event::EntryChanged { changed_by, .. }) = &mut event
        && changed_by.as_ref().is_some_and(|name| name.len() > NAME_BYTES_MAX)
    {
        *changed_by = None;
    }
    let scope = change.scope.id.map_or_else(String::new, |id| id.to_string());
    let event = event.and_then(|event| event.encode().ok()).unwrap_or_default();
    let tree = match (change.scope_tree, change.permissions) {
        (true, true) => "tree+permissions",
        (true, false) => "tree",
        (false, true) => "permissions",
        (false, false) => "",
    };
    format!("{}/{scope}/{tree}/{}", change.scope.level.name(), hex(&event))
}

/// Reads a line; `None` when it cannot be understood.
pub(crate) fn read(line: &str) -> Option<Change> {
    let mut fields = line.split('/');
    let (level, id, tree, event) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let level = ScopeLevel::ALL.into_iter().find(|known| known.name() == level)?;
    let id = if id.is_empty() { None } else { Some(id.parse().ok()?) };
    let event = if event.is_empty() { None } else { Some(Event::decode(&bytes(event)?).ok()?) };
    let mut touched = tree.split('+');
    let (scope_tree, permissions) =
        (touched.clone().any(|one| one == "tree"), touched.any(|one| one == "permissions"));
    Some(Change { scope: ScopeRef { level, id }, scope_tree, permissions, event })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
