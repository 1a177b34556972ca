//! What daemons tell each other of their writes: lines of text, in notifications of bounded size.

use agent_memory_proto::{
    Event,
    codec::Message,
    model::{Id, ScopeRef},
};

use crate::store::Change;

/// The channel of the notifications.
pub(super) const CHANNEL: &str = "agent_memory";
/// The server takes a little more than this.
const PAYLOAD_BYTES_MAX: usize = 7_900;

/// One change as a line: scope level, scope id, whether the tree of scopes changed, and the event.
/// An agent's name of unusual length is left out.
pub(super) fn line(change: &Change) -> String {
    const NAME_BYTES_MAX: usize = 400;
    let mut event = change.event.clone();
    if let Some(Event::EntryChanged { changed_by, .. }) = &mut event
        && changed_by.as_ref().is_some_and(|name| name.len() > NAME_BYTES_MAX)
    {
        *changed_by = None;
    }
    let scope = change.scope.id.map_or_else(String::new, |id| id.to_string());
    let event = event.and_then(|event| event.encode().ok()).unwrap_or_default();
    let tree = if change.scope_tree { "tree" } else { "" };
    format!("{}/{scope}/{tree}/{}", change.scope.level.name(), hex(&event))
}

/// The payloads that tell of some changes, made by the daemon of that id.
pub(super) fn payloads(origin: Id, lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut payloads: Vec<String> = Vec::new();
    let mut filling = Filling::default();
    for line in lines {
        match payloads.get_mut(filling.place(&line)) {
            Some(last) => {
                last.push('\n');
                last.push_str(&line);
            }
            None => payloads.push(format!("{origin}\n{line}")),
        }
    }
    payloads
}

/// Tells which payload each line goes into, as they come.
#[derive(Debug, Default)]
pub(super) struct Filling {
    payload: usize,
    used: usize,
}

impl Filling {
    /// The payload of the next line, counted from 0.
    pub(super) fn place(&mut self, line: &str) -> usize {
        const ORIGIN_BYTES: usize = 36;
        if self.used > 0 && self.used + 1 + line.len() > PAYLOAD_BYTES_MAX {
            self.payload += 1;
            self.used = 0;
        }
        self.used = self.used.max(ORIGIN_BYTES) + 1 + line.len();
        self.payload
    }
}

/// Who wrote a payload, and what changed; `None` when it cannot be understood.
pub(super) fn read(payload: &str) -> Option<(Id, Vec<Change>)> {
    let (origin, lines) = payload.split_once('\n')?;
    Some((origin.parse().ok()?, lines.lines().map(read_line).collect::<Option<_>>()?))
}

fn read_line(line: &str) -> Option<Change> {
    let mut fields = line.split('/');
    let (level, id, tree, event) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let level = agent_memory_proto::model::ScopeLevel::ALL.into_iter().find(|known| known.name() == level)?;
    let id = if id.is_empty() { None } else { Some(id.parse().ok()?) };
    let event = if event.is_empty() { None } else { Some(Event::decode(&bytes(event)?).ok()?) };
    Some(Change { scope: ScopeRef { level, id }, scope_tree: tree == "tree", event })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::{event::ChangeAction, model::EntryKind};

    use super::*;

    #[test]
    fn changes_arrive_as_they_were_sent() {
        let event = Event::EntryChanged {
            entry_id: Id([3; 16]),
            kind: EntryKind::Tool,
            scope: ScopeRef::GLOBAL,
            action: ChangeAction::Updated,
            version: 7,
            changed_by: Some("zoë / \n".to_owned()),
        };
        let changes = vec![
            Change { scope: ScopeRef::GLOBAL, scope_tree: false, event: Some(event) },
            Change { scope: ScopeRef::project(Id([1; 16])), scope_tree: true, event: None },
        ];
        let payloads = payloads(Id([9; 16]), changes.iter().map(line));
        assert_eq!(payloads.len(), 1);
        assert_eq!(read(&payloads[0]), Some((Id([9; 16]), changes)));
    }

    #[test]
    fn payloads_are_bounded() {
        let change = Change { scope: ScopeRef::project(Id([1; 16])), scope_tree: true, event: None };
        let payloads = payloads(Id([9; 16]), std::iter::repeat_n(line(&change), 1_000));
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() <= PAYLOAD_BYTES_MAX));
        let read: usize = payloads.iter().map(|payload| read(payload).expect("ours").1.len()).sum();
        assert_eq!(read, 1_000);
    }

    #[test]
    fn what_is_not_ours_is_nothing() {
        for payload in ["", "x", "x\ny", "00000000-0000-0000-0000-000000000000\nproject/zz//"] {
            assert_eq!(read(payload), None, "{payload:?}");
        }
    }
}
