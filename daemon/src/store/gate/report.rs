//! What the gate masked in one request, gathered until it is answered.

use std::sync::Mutex;

use agent_memory_proto::response::{MaskedField, Masking};

use crate::supervisor::lock;

/// What was masked, shared by those who work on one request.
#[derive(Debug, Default)]
pub(crate) struct Masked(Mutex<Masking>);

impl Masked {
    /// Notes secrets of one kind in one field. The same again, as when a request tries more than once, is
    /// the same.
    pub(super) fn note(&self, field: MaskedField) {
        let mut noted = lock(&self.0);
        let is_known =
            |one: &MaskedField| (&one.at, &one.field, &one.kind) == (&field.at, &field.field, &field.kind);
        if noted.fields.iter().any(is_known) {
            return;
        }
        noted.total += u64::from(field.count);
        if noted.fields.len() < Masking::FIELDS_MAX {
            noted.fields.push(field);
        }
    }

    /// What was noted; `None` when nothing was masked.
    #[must_use]
    pub(crate) fn taken(&self) -> Option<Masking> {
        let noted = std::mem::take(&mut *lock(&self.0));
        (noted.total > 0).then_some(noted)
    }
}
