//! Writes, for people: what was done, to what, and where it went.

use agent_memory_client::render;
use agent_memory_proto::{
    model::Project,
    response::{Remembered, SimilarEntry, WriteAction, Written},
};

use super::style::{Style, scope};

/// One write.
pub(crate) fn written(style: Style, one: &Written, project: Option<&Project>) -> String {
    describe(style, render::action(one.action), one, project)
}

fn describe(style: Style, action: &str, one: &Written, project: Option<&Project>) -> String {
    let preposition = if one.action == WriteAction::Deleted { "from" } else { "in" };
    let mut text = format!(
        "{action} {} {} {preposition} {} (version {})\n  id {}",
        one.kind,
        style.bold(&format!("{:?}", one.name)),
        scope(one.scope, project),
        one.version,
        one.id,
    );
    if one.conflict {
        text.push_str("\n  ");
        text.push_str(
            &style.doubtful("conflict: another agent changed it moments ago; see agent-memory conflict list"),
        );
    }
    text
}

/// What became of a remembered text.
pub(crate) fn remembered(style: Style, report: &Remembered, project: Option<&Project>) -> String {
    let action = if report.existed { "already there:" } else { render::action(report.written.action) };
    let mut text = describe(style, action, &report.written, project);
    if !report.existed {
        text.push_str(&format!("\n  {}", style.dim(&format!("kind decided by: {}", report.inferred_by))));
    }
    text + &similar(&report.similar, project)
}

/// Entries that may say the same.
pub(crate) fn similar(found: &[SimilarEntry], project: Option<&Project>) -> String {
    let line = |similar: &SimilarEntry| {
        let percent = similar.similarity * 100.0;
        let place = scope(similar.scope, project);
        format!(
            "\n  similar ({percent:.0} %): {} {:?} in {place}, id {}",
            similar.kind, similar.name, similar.id
        )
    };
    found.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::{EntryKind, Id, ScopeRef};

    use super::*;

    #[test]
    fn a_write_says_which_scope_it_went_to() {
        let one = Written {
            action: WriteAction::Added,
            id: Id([1; 16]),
            kind: EntryKind::Tool,
            scope: ScopeRef::GLOBAL,
            name: "jq".to_owned(),
            version: 1,
            at_ms: 0,
            conflict: false,
        };
        let style = Style { colour: false, is_terminal: false };
        let text = written(style, &one, None);
        assert_eq!(text, format!("added tool \"jq\" in global (version 1)\n  id {}", one.id));
    }
}
