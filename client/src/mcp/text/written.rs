//! What writes did, and to which scope.

use std::fmt::Write as _;

use agent_memory_proto::response::{Remembered, SimilarEntry, WriteAction, Written};

use crate::mcp::names::Names;

/// One write.
pub(super) fn one(one: &Written, names: &Names) -> String {
    let mut out = String::new();
    line(&mut out, one, names);
    out
}

/// Writes that were applied together.
pub(super) fn bulk(all: &[Written], names: &Names) -> String {
    let mut out = format!("{} writes, applied together:", all.len());
    for one in all {
        out.push_str("\n- ");
        line(&mut out, one, names);
    }
    out
}

/// What became of a remembered text.
pub(super) fn remembered(found: &Remembered, names: &Names) -> String {
    let written = &found.written;
    let mut out = String::new();
    if found.existed {
        let place = names.label(written.scope);
        let _ = write!(
            out,
            "Already remembered, word for word: {} {:?} (id {}, version {}) in {place}. Nothing was changed.",
            written.kind, written.name, written.id, written.version
        );
    } else {
        line(&mut out, written, names);
        let _ = write!(out, "\nStored as {}: {}", written.kind, found.inferred_by);
    }
    similar(&mut out, &found.similar, names);
    out
}

/// Entries that may say the same as one that was stored.
pub(super) fn similar(out: &mut String, found: &[SimilarEntry], names: &Names) {
    if found.is_empty() {
        return;
    }
    out.push_str("\nThese may say the same; deactivate what is outdated, or update one of them and delete the new one:");
    for entry in found {
        let place = names.label(entry.scope);
        let alike = entry.similarity * 100.0;
        let _ = write!(
            out,
            "\n- {} {:?} (id {}) · {place} · {alike:.0} % alike",
            entry.kind, entry.name, entry.id
        );
    }
}

fn line(out: &mut String, one: &Written, names: &Names) {
    let (verb, preposition) = match one.action {
        WriteAction::Added => ("Added", "to"),
        WriteAction::Updated => ("Updated", "in"),
        WriteAction::Deactivated => ("Deactivated", "in"),
        WriteAction::Deleted => ("Deleted", "from"),
    };
    let place = names.label(one.scope);
    let _ = write!(
        out,
        "{verb} {} {:?} (id {}, version {}) {preposition} {place}",
        one.kind, one.name, one.id, one.version
    );
    if one.conflict {
        out.push_str(
            ". Another agent changed it moments before, and both changes succeeded: check it with action history",
        );
    }
}
