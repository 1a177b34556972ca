//! What daemons tell each other of their writes: lines of text, in notifications of bounded size.

use agent_memory_proto::model::Id;

use crate::store::{Change, change_line};

pub(super) use change_line::write as line;

/// The channel of the notifications.
pub(super) const CHANNEL: &str = "agent_memory";
/// The channel that tells of freed files, apart from the other: daemons that know nothing of locks do not
/// listen. A payload is the path of the file; none means that any file may be free. A daemon hears itself,
/// too: it looks once more than it has to.
pub(super) const FREED_CHANNEL: &str = "agent_memory_freed";
/// The server takes a little more than this.
const PAYLOAD_BYTES_MAX: usize = 7_900;

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
    Some((origin.parse().ok()?, lines.lines().map(change_line::read).collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::{
        Event,
        event::ChangeAction,
        model::{EntryKind, ScopeRef},
    };

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
            Change::of_content(ScopeRef::GLOBAL, Some(event)),
            Change {
                scope: ScopeRef::project(Id([1; 16])),
                scope_tree: true,
                permissions: false,
                event: None,
            },
        ];
        let payloads = payloads(Id([9; 16]), changes.iter().map(line));
        assert_eq!(payloads.len(), 1);
        assert_eq!(read(&payloads[0]), Some((Id([9; 16]), changes)));
    }

    #[test]
    fn payloads_are_bounded() {
        let change = Change {
            scope: ScopeRef::project(Id([1; 16])),
            scope_tree: true,
            permissions: false,
            event: None,
        };
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
