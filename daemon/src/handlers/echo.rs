//! Echo: as many bytes as asked for, and nothing else.

use agent_memory_proto::{ErrorBody, Response, request::Echo};

const REPLY_BYTES_MAX: u32 = 1_024 * 1_024;

pub(crate) fn echo(request: &Echo) -> Result<Response, ErrorBody> {
    if request.reply_bytes > REPLY_BYTES_MAX {
        return Err(ErrorBody::invalid(
            "replyBytes",
            request.reply_bytes,
            format!("at most {REPLY_BYTES_MAX}"),
        ));
    }
    Ok(Response::Echo(vec![0; request.reply_bytes as usize]))
}
