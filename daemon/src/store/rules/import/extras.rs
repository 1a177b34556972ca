//! What an import has beside its entries: tags, then tasks, then relations, and what becomes of each.

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{ExtraKind, Id, PortableExtra},
    request::ImportExtra,
    response::ExtraCount,
};

use super::{BATCH_BYTES_MAX, BATCH_MAX, Run, relations, tags, tasks};
use crate::{
    imports::{Messages, of_file_system},
    store::{
        StoreError,
        rules::transaction::{Step, WriteTransaction},
    },
};

/// What becomes of a tag, a task or a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Created,
    Updated,
    Replaced,
    Skipped,
    LeftOut,
}

pub(super) async fn store(run: &mut Run<'_>, rows: &impl WriteTransaction) -> Step<()> {
    if run.staged.relations_left_out > 0 {
        run.count(ExtraKind::Relation, Fate::LeftOut, run.staged.relations_left_out);
    }
    if run.staged.extras_total == 0 {
        return Ok(());
    }
    let mut found = run.extras(ExtraKind::Tag)?;
    while let Some((at, extra)) = found.next()? {
        let PortableExtra::Tag(tag) = &extra else { continue };
        let fate = tags::store(run, rows, tag).await;
        run.settle(at, &extra, fate)?;
    }
    tasks::store_all(run, rows).await?;
    let mut found = run.extras(ExtraKind::Relation)?;
    while let Some((at, extra)) = found.next()? {
        let PortableExtra::Relation(relation) = &extra else { continue };
        let fate = relations::store(run, rows, relation).await;
        run.settle(at, &extra, fate)?;
    }
    Ok(())
}

/// Those of one kind, in their order.
pub(super) struct Extras {
    messages: Messages<ImportExtra>,
    batch: std::vec::IntoIter<ImportExtra>,
}

impl Extras {
    pub(super) fn next(&mut self) -> Step<Option<(String, PortableExtra)>> {
        if self.batch.len() == 0 {
            let batch = self.messages.batch(BATCH_MAX, BATCH_BYTES_MAX);
            self.batch = batch.map_err(|error| of_file_system(&error))?.into_iter();
        }
        Ok(self.batch.next().map(|item| (item.at, item.extra)))
    }
}

impl Run<'_> {
    /// What there is of a kind, from the first on.
    pub(super) fn extras(&self, kind: ExtraKind) -> Step<Extras> {
        let messages = self.staged.extras[kind as usize].messages();
        let messages = messages.map_err(|error| of_file_system(&error))?;
        Ok(Extras { messages, batch: Vec::new().into_iter() })
    }

    /// Notes what became of one of them, or why it is refused.
    pub(super) fn settle(&mut self, at: String, extra: &PortableExtra, fate: Step<Fate>) -> Step<()> {
        match fate {
            Ok(fate) => self.count(extra.kind(), fate, 1),
            Err(StoreError::Refused(error)) => self.refuse(at, extra.name(), *error),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    pub(super) fn count(&mut self, kind: ExtraKind, fate: Fate, number: u64) {
        let count = self.extras.entry(kind).or_insert(ExtraCount {
            kind,
            created: 0,
            updated: 0,
            replaced: 0,
            skipped: 0,
            left_out: 0,
        });
        *match fate {
            Fate::Created => &mut count.created,
            Fate::Updated => &mut count.updated,
            Fate::Replaced => &mut count.replaced,
            Fate::Skipped => &mut count.skipped,
            Fate::LeftOut => &mut count.left_out,
        } += number;
    }
}

/// The import is to be refused when one is there.
pub(super) fn there_already(what: &str, id: Id) -> StoreError {
    StoreError::refused(
        ErrorBody::new(ErrorCode::AlreadyExists, format!("there is such a {what} already: {id}"))
            .with_field("id")
            .with_value(id)
            .with_suggestion("Import with conflictStrategy skip, update or replace"),
    )
}
