//! Echo what is in Redis: one bare `GET`, and its bytes as they are.

use agent_memory_proto::{ErrorBody, ErrorCode, Response, request::EchoStored};

use super::{Call, Handled};

const NAME_BYTES_MAX: usize = 64;

pub(super) async fn handle(call: &Call, request: &EchoStored) -> Handled {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if request.name.is_empty() || request.name.len() > NAME_BYTES_MAX || !request.name.chars().all(is_plain) {
        let allowed = format!("1 to {NAME_BYTES_MAX} letters, digits and -");
        return Err(ErrorBody::invalid("name", &request.name, allowed));
    }
    let Some(redis) = &call.services.redis else {
        let error = ErrorBody::new(ErrorCode::Unavailable, "the daemon uses no Redis");
        return Err(error.with_suggestion("Set AGENT_MEMORY_REDIS_ENABLED=1 to measure it"));
    };
    match redis.floor_value(&request.name).await? {
        Some(bytes) => Ok(Response::Echo(bytes).into()),
        None => Err(ErrorBody::not_found("value in Redis", &request.name)
            .with_suggestion(format!("Put one under {} first", redis.floor_key(&request.name)))),
    }
}
