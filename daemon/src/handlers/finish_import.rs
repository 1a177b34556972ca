//! Store what was handed over of an import, all or nothing.

use std::{sync::Arc, time::Instant};

use agent_memory_proto::{ErrorBody, Response, request::FinishImport, response::ImportOutcome};

use super::{Call, Handled};
use crate::{
    imports::of_file_system,
    permissions,
    store::{Import, StoreError, Write, WriteRequest},
    supervisor::lock,
};

/// The version since which peers know of more than entries.
const SINCE: u16 = 5;

pub(super) async fn handle(call: Call, request: FinishImport) -> Handled {
    let (imports, importer) = (&call.services.imports, call.importer());
    if let Some(report) = imports.reported(request.import_id, &importer, request.dry_run) {
        return Ok(answer(&call, report).into());
    }
    // It is held until it is stored, so that it does not make room for another one meanwhile.
    let staging = imports.find(request.import_id, &importer, &call.line, Instant::now());
    // Of an import that was stored before, only the answer is left, which the store keeps.
    let staged = staging.as_ref().map(|staging| lock(staging).staged()).transpose();
    let import = Import {
        id: request.import_id,
        dry_run: request.dry_run,
        staged: staged.map_err(|error| ErrorBody::from(of_file_system(&error)))?,
        is_plain: call.protocol < SINCE,
        clock: call.services.clock.clone(),
    };
    let write = WriteRequest {
        write: call.pass(Write::Import(Arc::new(import)))?,
        caller: call.caller(),
        at_ms: call.now_ms,
        idempotency: call.idempotency,
    };
    match call.services.store.writes.write(write).await {
        Ok(outcome) => {
            imports.end(request.import_id, &importer);
            Ok(outcome.into())
        }
        Err(StoreError::TakenBack(report)) => {
            imports.take_back(request.import_id, &importer, request.dry_run, (*report).clone());
            Ok(answer(&call, *report).into())
        }
        Err(error) => {
            if staging.is_none() {
                permissions::may_import(&call)?;
            }
            let error = ErrorBody::from(error);
            call.end_import_after(request.import_id, &error);
            Err(error)
        }
    }
}

fn answer(call: &Call, outcome: ImportOutcome) -> Response {
    if call.protocol < SINCE {
        Response::Imported(outcome.report)
    } else {
        Response::ImportOutcome(Box::new(outcome))
    }
}
