//! What daemons say on the channel: a line that says who, the how manieth, and what; a line that says
//! where it runs; then the changes.

use agent_memory_proto::model::Id;

use crate::store::{Change, change_line};

/// How every message of ours begins.
const MARK: &str = "agent-memory-1";
/// Most bytes of one message; a message that is longer was not sent by us.
pub(super) const MESSAGE_BYTES_MAX: usize = 256 * 1_024;

/// A message. Everything of one writer is in the order of its numbers.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    /// The run of the daemon that says it.
    pub(super) writer: Id,
    /// The number of its last change.
    pub(super) sequence: u64,
    /// Where it runs, if it says so.
    pub(super) place: Option<String>,
    pub(super) what: What,
}

#[derive(Debug, PartialEq)]
pub(super) enum What {
    /// What it changed; `None` when that cannot be understood.
    Changes(Option<Vec<Change>>),
    /// It is there. The number of the heartbeat.
    Beat(u64),
    /// It ends and changes nothing any more.
    Goodbye,
    /// Something that a later build says.
    Unknown,
}

pub(super) fn changes(writer: Id, sequence: u64, place: &str, lines: &[String]) -> String {
    format!("{MARK} {writer} {sequence} changes\n{place}\n{}", lines.join("\n"))
}

pub(super) fn beat(writer: Id, sequence: u64, number: u64, place: &str) -> String {
    format!("{MARK} {writer} {sequence} beat {number}\n{place}")
}

pub(super) fn goodbye(writer: Id, sequence: u64) -> String {
    format!("{MARK} {writer} {sequence} goodbye\n")
}

/// Reads a message; `None` when it is not of a daemon of ours.
pub(super) fn read(message: &[u8]) -> Option<Told> {
    if message.len() > MESSAGE_BYTES_MAX {
        return None;
    }
    let (head, body) = std::str::from_utf8(message).ok()?.split_once('\n')?;
    let mut words = head.split(' ');
    if words.next()? != MARK {
        return None;
    }
    let (writer, sequence) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let (place, lines) = body.split_once('\n').unwrap_or((body, ""));
    let what = match words.next()? {
        "changes" => What::Changes(lines.lines().map(change_line::read).collect()),
        "beat" => What::Beat(words.next()?.parse().ok()?),
        "goodbye" => What::Goodbye,
        _ => What::Unknown,
    };
    let says_place = matches!(what, What::Changes(_) | What::Beat(_));
    Some(Told { writer, sequence, place: says_place.then(|| place.to_owned()), what })
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::ScopeRef;

    use super::*;

    const WRITER: Id = Id([7; 16]);

    fn told(message: &str) -> Option<What> {
        read(message.as_bytes()).map(|told| {
            assert_eq!((told.writer, told.sequence), (WRITER, 5));
            told.what
        })
    }

    #[test]
    fn what_is_said_is_understood() {
        let change = Change { scope: ScopeRef::GLOBAL, scope_tree: true, permissions: false, event: None };
        let lines = [change_line::write(&change), change_line::write(&change)];
        let changed = What::Changes(Some(vec![change.clone(), change]));
        assert_eq!(told(&changes(WRITER, 5, "host:/data", &lines)), Some(changed));
        assert_eq!(told(&beat(WRITER, 5, 9, "host:/data")), Some(What::Beat(9)));
        for message in [changes(WRITER, 5, "host:/data", &lines), beat(WRITER, 5, 9, "host:/data")] {
            let place = read(message.as_bytes()).and_then(|told| told.place);
            assert_eq!(place.as_deref(), Some("host:/data"), "{message}");
        }
        assert_eq!(told(&goodbye(WRITER, 5)), Some(What::Goodbye));
    }

    #[test]
    fn what_a_later_build_says_is_passed_over_and_what_is_damaged_is_noted() {
        assert_eq!(told(&format!("{MARK} {WRITER} 5 compacted now\n")), Some(What::Unknown));
        assert_eq!(
            told(&format!("{MARK} {WRITER} 5 changes\nhost:/data\nnonsense")),
            Some(What::Changes(None))
        );
        for foreign in ["", "hello", "hello\n", &format!("agent-memory-2 {WRITER} 5 changes\n")] {
            assert_eq!(read(foreign.as_bytes()), None, "{foreign:?}");
        }
        assert_eq!(read(&vec![b'a'; MESSAGE_BYTES_MAX + 1]), None);
    }
}
