//! Store what was handed over of an import, all or nothing.

use std::{sync::Arc, time::Instant};

use agent_memory_proto::{ErrorBody, Response, request::FinishImport};

use super::{Call, Handled};
use crate::{
    imports::of_file_system,
    store::{Import, StoreError, Write, WriteRequest},
    supervisor::lock,
};

pub(super) async fn handle(call: Call, request: FinishImport) -> Handled {
    let imports = &call.services.imports;
    // Of an import that was stored before, only the answer is left, which the store keeps.
    let staged = imports.find(request.import_id, Instant::now()).map(|import| lock(&import).staged());
    let staged = staged.transpose().map_err(|error| ErrorBody::from(of_file_system(&error)))?;
    let import = Import {
        id: request.import_id,
        dry_run: request.dry_run,
        staged,
        clock: call.services.clock.clone(),
    };
    let write = WriteRequest {
        write: call.pass(Write::Import(Arc::new(import)))?,
        at_ms: call.now_ms,
        idempotency: call.idempotency,
    };
    match call.services.store.writes.write(write).await {
        Ok(outcome) => {
            imports.end(request.import_id);
            Ok(outcome.into())
        }
        Err(StoreError::TakenBack(report)) => Ok(Response::Imported(*report).into()),
        Err(error) => Err(error.into()),
    }
}
