//! Take over a part of what an import has beside its entries: each of it is checked now.

use agent_memory_proto::{
    ErrorBody, limits,
    request::{ImportExtra, StageExtras},
    response::ImportRefusal,
};

use super::{
    Call, Handled, portable_extras,
    stage_import::{AT_CHARS_MAX, Part},
};
use crate::imports::{Staging, of_file_system};

pub(super) async fn handle(call: Call, request: StageExtras) -> Handled {
    let (import_id, size) = (request.import_id, request.extras.len());
    let part = Part { import_id, size, field: "extras", of: "tags, tasks and relations" };
    part.hand_over(call, move |call, staging| take(call, staging, request)).await
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
