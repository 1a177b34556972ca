//! Every text of the writes that make room, and of those that tidy up.

use agent_memory_proto::ErrorBody;

use super::{
    texts::{draft, entry_body, listed},
    walk::Walk,
};
use crate::store::{NewEntry, Succession, Tidy, TidyChange, TidyStep};

type Checked = Result<(), ErrorBody>;

pub(super) fn succession(walk: &mut Walk<'_>, new: &mut Succession) -> Checked {
    let Succession { entry, inferred_by: _, supersedes: _ } = new;
    let NewEntry { id: _, version_id: _, draft: entry } = entry;
    draft(walk, entry)
}

/// What is answered was stored before, or tells of it in numbers.
pub(super) fn steps(walk: &mut Walk<'_>, tidy: &mut Tidy) -> Checked {
    let Tidy { scope: _, steps, by, answer: _ } = tidy;
    walk.optional_name("consolidatedBy", by.as_ref())?;
    for (index, step) in steps.iter_mut().enumerate() {
        let TidyStep { kind: _, id: _, expected_version: _, version_id: _, change } = step;
        listed(walk, "steps", Some(index), |walk| match change {
            TidyChange::Keep | TidyChange::Supersede { successor: _ } => Ok(()),
            TidyChange::Hide { reason } => walk.text("changeReason", reason),
            TidyChange::Merge { body, tags, reason } => {
                entry_body(walk, body)?;
                walk.names("tags", tags)?;
                walk.text("changeReason", reason)
            }
        })?;
    }
    Ok(())
}
