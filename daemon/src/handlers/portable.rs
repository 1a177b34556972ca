//! Entries that are carried over: every field of every version checked as for a new entry, and ids and
//! times filled in where they are missing.

use agent_memory_proto::{
    ErrorBody, limits,
    model::{EntryBody, Id, PortableEntry, PortableVersion},
};
use sha2::{Digest, Sha256};

use super::{
    Call,
    checks::{self, JsonShape},
    drafts,
};
use crate::imports::Staging;

/// Checks one entry of an import and completes it.
///
/// # Errors
/// What is wrong first.
pub(super) fn checked(
    call: &Call,
    staging: &Staging,
    entry: PortableEntry,
) -> Result<PortableEntry, ErrorBody> {
    let kind = entry.kind().ok_or_else(|| ErrorBody::missing("versions"))?;
    drafts::entry_name(kind, &entry.name)?;
    checks::scope("scopeId", entry.scope)?;
    let category = entry.category.or_else(|| drafts::default_category(kind));
    checks::category(kind, category.as_ref())?;
    agent("createdBy", entry.created_by.as_ref())?;
    agent("updatedBy", entry.updated_by.as_ref())?;
    let versions = checked_versions(call, staging, entry.versions)?;
    let (first, last) = (versions.first(), versions.last());
    let created_at_ms = entry.created_at_ms.or_else(|| first.and_then(|version| version.created_at_ms));
    let updated_at_ms = entry.updated_at_ms.or_else(|| last.and_then(|version| version.created_at_ms));
    let imported_by = || staging.options().imported_by.clone();
    Ok(PortableEntry {
        id: Some(new_id(call, staging, entry.id)),
        scope: staging.mapped(entry.scope),
        name: entry.name,
        category,
        tags: checks::tags("tags", entry.tags)?,
        metadata: checks::json("metadata", entry.metadata, JsonShape::Object)?,
        is_active: entry.is_active,
        created_at_ms: Some(time("createdAt", created_at_ms.unwrap_or(call.now_ms))?),
        // An id that is new says that nobody knew of it before.
        created_by: if entry.id.is_some() { entry.created_by } else { entry.created_by.or_else(imported_by) },
        updated_at_ms: Some(time("updatedAt", updated_at_ms.unwrap_or(call.now_ms))?),
        updated_by: if entry.id.is_some() { entry.updated_by } else { entry.updated_by.or_else(imported_by) },
        versions,
    })
}

fn checked_versions(
    call: &Call,
    staging: &Staging,
    versions: Vec<PortableVersion>,
) -> Result<Vec<PortableVersion>, ErrorBody> {
    let kind = versions.last().map(|version| version.body.kind());
    let mut before = 0;
    let mut checked = Vec::with_capacity(versions.len());
    for (index, version) in versions.into_iter().enumerate() {
        let number = version.number;
        if number <= before || i32::try_from(number).is_err() {
            let allowed = format!("{} or more: versions come oldest first", before.saturating_add(1));
            return Err(super::at_position(
                "versions",
                index,
                ErrorBody::invalid("versionNum", number, allowed),
            ));
        }
        if Some(version.body.kind()) != kind {
            let error = ErrorBody::invalid("kind", version.body.kind(), "the kind of the current version");
            return Err(super::at_position("versions", index, error));
        }
        before = number;
        let version = checked_version(call, staging, version);
        checked.push(version.map_err(|error| super::at_position("versions", index, error))?);
    }
    Ok(checked)
}

fn checked_version(
    call: &Call,
    staging: &Staging,
    version: PortableVersion,
) -> Result<PortableVersion, ErrorBody> {
    checks::optional("changeReason", version.change_reason.as_ref(), limits::RATIONALE_CHARS_MAX)?;
    agent("createdBy", version.created_by.as_ref())?;
    let mut body = drafts::body(version.body)?;
    if let EntryBody::Knowledge { invalidated_by: Some(id), .. } = &mut body
        && staging.options().generate_new_ids
    {
        *id = derived(staging, *id);
    }
    let imported_by = staging.options().imported_by.as_ref().filter(|_| version.id.is_none());
    Ok(PortableVersion {
        id: Some(new_id(call, staging, version.id)),
        created_by: version.created_by.clone().or_else(|| imported_by.cloned()),
        created_at_ms: Some(time("createdAt", version.created_at_ms.unwrap_or(call.now_ms))?),
        body,
        ..version
    })
}

pub(super) fn agent(field: &str, value: Option<&String>) -> Result<(), ErrorBody> {
    value.map_or(Ok(()), |value| checks::agent(field, value))
}

/// Years 1 to 9999: what can be written down in RFC 3339.
pub(super) fn time(field: &str, at_ms: i64) -> Result<i64, ErrorBody> {
    const FIRST_MS: i64 = -62_135_596_800_000;
    const LAST_MS: i64 = 253_402_207_200_000;
    if (FIRST_MS..=LAST_MS).contains(&at_ms) {
        Ok(at_ms)
    } else {
        Err(ErrorBody::invalid(field, at_ms, "a time of the years 1 to 9999"))
    }
}

fn new_id(call: &Call, staging: &Staging, given: Option<Id>) -> Id {
    match given {
        Some(id) if staging.options().generate_new_ids => derived(staging, id),
        Some(id) => id,
        None => call.new_id(),
    }
}

/// The new id of what had an id: the same one wherever it is referred to within one import.
pub(super) fn derived(staging: &Staging, id: Id) -> Id {
    let digest = Sha256::new().chain_update(staging.salt().0).chain_update(id.0).finalize();
    let mut bytes = id.0;
    bytes.copy_from_slice(&digest[..16]);
    // A UUID of version 8: its bits are of our own making.
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Id(bytes)
}
