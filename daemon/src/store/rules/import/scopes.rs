//! The scopes of an import: those that are not there are created before the first entry.

use std::collections::BTreeSet;

use agent_memory_proto::{
    ErrorBody,
    model::{Org, PortableScope, Project, ScopeLevel, ScopeRef, Session, SessionStatus},
};

use super::{
    super::{
        orgs, projects, sessions,
        transaction::{Step, WriteTransaction},
    },
    Run,
};
use crate::{imports::of_file_system, store::StoreError};

/// Creates the scopes that are described and not there, widest first, and then those that entries
/// name and nobody describes. A scope that others are mapped to has to be there.
pub(super) async fn create(run: &mut Run<'_>, rows: &impl WriteTransaction) -> Step<()> {
    for mapping in &run.staged.options.scope_mapping {
        if rows.scope_key(&mapping.to).await?.is_none() {
            let error = ErrorBody::not_found(mapping.to.level.name(), mapping.to).with_field("scopeMapping");
            return Err(StoreError::refused(
                error
                    .with_suggestion("Nothing was stored; create the scope first, or map to one that exists"),
            ));
        }
    }
    let mut missing = BTreeSet::new();
    for scope in &run.staged.named {
        match rows.scope_key(scope).await? {
            Some(key) => drop(run.keys.insert(*scope, key)),
            None => drop(missing.insert(*scope)),
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    rows.lock_scopes().await?;
    for level in ScopeLevel::ALL {
        for scope in run.staged.scopes.messages().map_err(|error| of_file_system(&error))? {
            let scope = scope.map_err(|error| of_file_system(&error))?;
            if scope.scope().level == level && missing.remove(&scope.scope()) {
                create_one(run, rows, &scope).await?;
            }
        }
        let undescribed: Vec<ScopeRef> =
            missing.iter().copied().filter(|scope| scope.level == level).collect();
        for scope in undescribed {
            missing.remove(&scope);
            if let Some(scope) = placeholder(scope, run.at_ms) {
                create_one(run, rows, &scope).await?;
            }
        }
    }
    Ok(())
}

async fn create_one(run: &mut Run<'_>, rows: &impl WriteTransaction, scope: &PortableScope) -> Step<()> {
    let named = scope.scope();
    // Somebody may have created it before the lock was had.
    if let Some(key) = rows.scope_key(&named).await? {
        run.keys.insert(named, key);
        return Ok(());
    }
    let created = match scope {
        PortableScope::Org(org) => orgs::create(rows, org).await.map(drop),
        PortableScope::Project(project) => projects::insert(rows, project).await,
        PortableScope::Session(session) => sessions::insert(rows, session).await,
    };
    created.map_err(|error| of_scope(error, named))?;
    if let Some(key) = rows.scope_key(&named).await? {
        run.keys.insert(named, key);
    }
    run.created.push(named);
    Ok(())
}

/// What stands for a scope that entries name and nobody describes.
fn placeholder(scope: ScopeRef, at_ms: i64) -> Option<PortableScope> {
    let id = scope.id?;
    let name = format!("imported {id}");
    Some(match scope.level {
        ScopeLevel::Global => return None,
        ScopeLevel::Org => PortableScope::Org(Org { id, name, metadata: None, created_at_ms: at_ms }),
        ScopeLevel::Project => PortableScope::Project(Project {
            id,
            org_id: None,
            name,
            description: None,
            root_path: None,
            metadata: None,
            created_at_ms: at_ms,
            updated_at_ms: at_ms,
        }),
        ScopeLevel::Session => PortableScope::Session(Session {
            id,
            project_id: None,
            name: Some(name),
            purpose: None,
            agent_id: None,
            status: SessionStatus::Completed,
            metadata: None,
            started_at_ms: at_ms,
            ended_at_ms: Some(at_ms),
        }),
    })
}

/// A scope of the import cannot be created.
fn of_scope(error: StoreError, scope: ScopeRef) -> StoreError {
    match error {
        StoreError::Refused(mut body) => {
            body.message = format!("the scope {scope} of the import cannot be created: {}", body.message);
            body.suggestion =
                Some(format!("Nothing was stored; map {scope} to a scope of this store with scopeMapping"));
            StoreError::Refused(body)
        }
        other => other,
    }
}
