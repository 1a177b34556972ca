//! `health`: how the daemon and its store are. Exit code 1 when they are not well.

use agent_memory_proto::{Request, response::HealthStatus};

use crate::{
    failure::{EXIT_FAILURE, Failure},
    invocation::Invocation,
};

pub(crate) async fn run(invocation: &Invocation) -> Result<(), Failure> {
    let response = invocation.call(Request::Health).await?;
    invocation.output.show(&response, None);
    match response.into_health() {
        Some(health) if health.status == HealthStatus::Unhealthy => Err(Failure::told(EXIT_FAILURE)),
        _ => Ok(()),
    }
}
