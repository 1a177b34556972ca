//! Run a bare loop of the store's own SQL, as the floor of a benchmark.

use agent_memory_proto::{ErrorBody, Response, limits, model::ScopeRef, request::MeasureFloor};

use super::{Call, Handled, checks};

const ROUNDS_MAX: u32 = 1_000_000;
const SEARCHES_MAX: usize = 10_000;

pub(super) async fn handle(call: Call, request: MeasureFloor) -> Handled {
    if request.rounds == 0 || request.rounds > ROUNDS_MAX {
        return Err(ErrorBody::invalid("rounds", request.rounds, format!("1 to {ROUNDS_MAX}")));
    }
    if request.searches.len() > SEARCHES_MAX {
        return Err(ErrorBody::invalid(
            "searches",
            request.searches.len(),
            format!("at most {SEARCHES_MAX}"),
        ));
    }
    for search in &request.searches {
        checks::text("query", &search.query, limits::QUERY_BYTES_MAX)?;
    }
    call.scopes(ScopeRef::project(request.project_id), false).await?;
    let floor = call.services.store.floors.measure_floor(request, call.now_ms).await?;
    Ok(Response::Floor(floor).into())
}
