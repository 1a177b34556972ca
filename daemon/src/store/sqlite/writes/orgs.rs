//! Creates organisations.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{Org, ScopeLevel, ScopeRef},
};
use rusqlite::{Connection, OptionalExtension};

use super::{Applied, scope_changed};
use crate::store::{
    StoreError,
    sqlite::{
        columns::{GLOBAL_KEY, id_from},
        scope_keys,
    },
};

pub(super) fn create(connection: &Connection, org: &Org) -> Applied {
    let mut same_name = connection
        .prepare_cached("SELECT s.id FROM orgs o JOIN scopes s ON s.key = o.scope WHERE o.name = ?1")?;
    if let Some(id) = same_name.query_row([&org.name], |row| id_from(row, 0)).optional()? {
        return Err(StoreError::refused(
            ErrorBody::new(
                ErrorCode::AlreadyExists,
                format!("there is an organisation with this name already: {id}"),
            )
            .with_field("name")
            .with_value(&org.name)
            .with_suggestion(format!("Use {id}, or choose another name")),
        ));
    }
    let key = scope_keys::create(connection, ScopeLevel::Org, org.id, GLOBAL_KEY)?;
    connection
        .prepare_cached("INSERT INTO orgs (scope, name, metadata, created_at_ms) VALUES (?1, ?2, ?3, ?4)")?
        .execute((key, &org.name, org.metadata.as_ref().map(|json| &json.0), org.created_at_ms))?;
    Ok((Response::Org(org.clone()), vec![scope_changed(ScopeRef::org(org.id))]))
}
