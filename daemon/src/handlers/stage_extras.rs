//! Take over a part of what an import has beside its entries: each of it is checked now.

use std::time::Instant;

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response, limits,
    request::{ImportExtra, StageExtras},
    response::ImportRefusal,
};

use super::{
    Call, Handled, portable_extras,
    stage_import::{AT_CHARS_MAX, PART_MAX},
};
use crate::{
    imports::{Staging, of_file_system, unknown},
    supervisor::lock,
};

pub(super) async fn handle(call: Call, request: StageExtras) -> Handled {
    let import_id = request.import_id;
    let handled = stage(call.clone(), request).await;
    if let Err(error) = &handled {
        call.end_import_after(import_id, error);
    }
    handled
}

async fn stage(call: Call, request: StageExtras) -> Handled {
    if request.extras.len() > PART_MAX {
        let message = format!("a part has at most {PART_MAX} tags, tasks and relations");
        return Err(ErrorBody::new(ErrorCode::LimitExceeded, message).with_field("extras"));
    }
    let imports = &call.services.imports;
    let import = imports.find(request.import_id, &call.importer(), &call.line, Instant::now());
    let import = import.ok_or_else(|| unknown(request.import_id))?;
    // Checking and writing a part takes long enough to hold up others on the same thread.
    let staged = tokio::task::spawn_blocking(move || take(&call, &mut lock(&import), request)).await;
    let crashed = |_| ErrorBody::new(ErrorCode::Internal, "taking over a part of the import crashed");
    Ok(Response::ImportStaged(staged.map_err(crashed)??).into())
}

fn take(call: &Call, staging: &mut Staging, request: StageExtras) -> Result<u64, ErrorBody> {
    if !staging.expect(request.part, 0, request.extras.len())? {
        return Ok(staging.handed_over());
    }
    for ImportExtra { at, extra } in request.extras {
        let at: String = at.chars().take(AT_CHARS_MAX).collect();
        let name: String = extra.name().chars().take(limits::TITLE_CHARS_MAX).collect();
        let checked = portable_extras::checked(staging, extra).and_then(|extra| {
            let gated = extra.map(|extra| call.pass(ImportExtra { at: at.clone(), extra }));
            gated.transpose()
        });
        match checked {
            Ok(Some(item)) => {
                staging.push_extra(&item).map_err(|error| ErrorBody::from(of_file_system(&error)))?;
            }
            Ok(None) => staging.leave_relation_out(),
            Err(error) => staging.refuse(call.shown(ImportRefusal { at, name, error })),
        }
    }
    Ok(staging.handed_over())
}
