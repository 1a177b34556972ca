//! Hand over to a newer build: an idle daemon exits when asked.

use agent_memory_proto::{BUILD, ErrorBody, ErrorCode, Response, request::HandOver};

use super::{Call, Handled};
use crate::lifecycle::Phase;

pub(super) fn handle(call: &Call, request: &HandOver) -> Handled {
    let refuse = |reason: String| Err(ErrorBody::new(ErrorCode::Busy, format!("no hand-over: {reason}")));
    let asking = version(&request.build)
        .ok_or_else(|| ErrorBody::invalid("build", &request.build, "a version of three numbers, as 1.2.3"))?;
    if Some(asking) <= version(BUILD) {
        return refuse(format!("build {} is not newer than {BUILD}", request.build));
    }
    if call.services.managed {
        return refuse("a service manager decides this daemon's life; restart its unit".to_owned());
    }
    let connections = *call.services.counters.connections.borrow();
    if connections > 1 {
        return refuse(format!("{} other connections are open", connections - 1));
    }
    call.services.shutdown.advance(Phase::Draining, &format!("build {} takes over", request.build));
    Ok(Response::Done.into())
}

/// The three numbers of a version; what follows them does not count.
fn version(build: &str) -> Option<(u64, u64, u64)> {
    let core = build.split(['-', '+']).next().unwrap_or_default();
    let mut numbers = core.split('.').map(str::parse);
    match (numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()) {
        (Ok(major), Ok(minor), Ok(patch), None) => Some((major, minor, patch)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(version("0.10.0") > version("0.9.9"));
        assert_eq!(version("1.2.3-rc.1+abc"), Some((1, 2, 3)));
        assert_eq!(version("1.2"), None);
        assert_eq!(version("latest"), None);
    }
}
