//! End an import that is not to be stored.

use agent_memory_proto::{Response, request::EndImport};

use super::{Call, Handled};

pub(super) fn handle(call: &Call, request: EndImport) -> Handled {
    call.services.imports.end(request.import_id, &call.importer());
    Ok(Response::Done.into())
}
