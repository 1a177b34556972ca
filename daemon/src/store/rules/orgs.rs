//! Creates organisations.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{Org, ScopeLevel, ScopeRef},
};

use super::{
    Applied,
    reports::scope_changed,
    scopes,
    transaction::{GLOBAL_KEY, WriteTransaction},
};
use crate::store::StoreError;

pub(super) async fn create(rows: &impl WriteTransaction, org: &Org) -> Applied {
    rows.lock_scopes().await?;
    if let Some(id) = rows.org_named(&org.name).await? {
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
    let key = scopes::create(rows, ScopeLevel::Org, org.id, GLOBAL_KEY).await?;
    rows.insert_org(key, org).await?;
    Ok((Response::Org(org.clone()), vec![scope_changed(ScopeRef::org(org.id))]))
}
