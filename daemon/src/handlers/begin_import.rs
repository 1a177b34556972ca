//! Begin an import.

use std::time::Instant;

use agent_memory_proto::{ErrorBody, ErrorCode, Response, request::BeginImport};

use super::{Call, Handled, checks};

/// Scopes that become others, at most.
const MAPPINGS_MAX: usize = 1_000;

pub(super) async fn handle(call: &Call, request: BeginImport) -> Handled {
    call.check_admin("importing", request.admin_key.as_deref()).await?;
    let mut options = request.options;
    if options.scope_mapping.len() > MAPPINGS_MAX {
        let message = format!("scopeMapping has more than {MAPPINGS_MAX} scopes");
        return Err(ErrorBody::new(ErrorCode::LimitExceeded, message).with_field("scopeMapping"));
    }
    for mapping in &options.scope_mapping {
        checks::scope("scopeMapping", mapping.from)?;
        checks::scope("scopeMapping", mapping.to)?;
    }
    options.imported_by = call.agent_or("importedBy", options.imported_by)?;
    let id = call.new_id();
    // A daemon that has a key was shown it by now.
    let importer = (call.importer(), call.services.config.admin_key.is_some());
    call.services.imports.begin(id, options, importer, call.line.clone(), Instant::now())?;
    Ok(Response::ImportBegun(id).into())
}
