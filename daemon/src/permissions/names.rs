//! Whose name counts. Where names are proved (`AGENT_MEMORY_AGENT_AUTH=token`), a request speaks for the agent
//! whose token its connection has shown, or for nobody; every other name in it is refused, here and nowhere else.

use std::sync::{
    Mutex,
    atomic::{AtomicU32, Ordering},
};

use agent_memory_proto::{ErrorBody, ErrorCode, Request, handshake::Purpose};

use super::{
    authorise::demands_nothing,
    claims::{Claim, claims},
    refusal::plain,
};
use crate::{
    handlers::{Call, checks},
    services::Services,
    store::SecretHash,
    supervisor::lock,
};

/// What every token begins with.
const PREFIX: &str = "amt_";
/// Then follow 256 bits.
const DIGITS: usize = 64;

/// A token for that secret.
pub(crate) fn new_token(secret: &[u8; 32]) -> String {
    let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{PREFIX}{digits}")
}

/// Whether it has the form of a token.
pub(super) fn is_token(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|digits| {
        digits.len() == DIGITS && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// What the peer of one connection has shown of who it is.
#[derive(Debug)]
pub(crate) struct Credentials {
    process_id: u32,
    shown: Mutex<Shown>,
    wrong: AtomicU32,
}

#[derive(Clone, Debug)]
enum Shown {
    Nothing,
    /// A token that was not good.
    Wrong,
    /// The token of this agent.
    Token(String, SecretHash),
}

impl Credentials {
    /// Of a process that has shown nothing yet.
    pub(crate) const fn new(process_id: u32) -> Self {
        Self { process_id, shown: Mutex::new(Shown::Nothing), wrong: AtomicU32::new(0) }
    }

    /// The peer has shown the token of an agent.
    pub(crate) fn accept(&self, agent: &str, token: SecretHash) {
        *lock(&self.shown) = Shown::Token(agent.to_owned(), token);
    }

    /// The peer has shown a token that is not good.
    pub(crate) fn reject(&self) {
        *lock(&self.shown) = Shown::Wrong;
    }

    pub(super) const fn process_id(&self) -> u32 {
        self.process_id
    }

    pub(super) fn wrong(&self) -> u32 {
        self.wrong.load(Ordering::Relaxed)
    }

    pub(super) fn count_wrong(&self) -> u32 {
        self.wrong.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }
}

/// Who makes a request.
#[derive(Debug)]
pub(crate) struct Who {
    /// Which agent.
    pub(crate) agent: Option<String>,
    /// What its name rests on, where names are proved.
    pub(crate) proof: Option<Proof>,
    /// Whether it is done by whoever owns the socket, not through an agent.
    pub(crate) by_hand: bool,
}

/// What a name rests on.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) token: SecretHash,
    /// The request says the name itself.
    is_said: bool,
}

/// Who makes a request on a connection, as far as it can be told without the store, and whether it may: not with a
/// name that the connection has not proved, where names are. `claimed` is the name that its envelope says, else the
/// handshake.
pub(crate) fn who(
    services: &Services,
    purpose: Purpose,
    credentials: &Credentials,
    claimed: Option<String>,
    request: &Request,
) -> (Who, Result<(), ErrorBody>) {
    if !services.config.proves_names {
        return (Who { agent: claimed, proof: None, by_hand: purpose != Purpose::Bridge }, Ok(()));
    }
    let shown = lock(&credentials.shown).clone();
    let may_be_owner = match purpose {
        Purpose::CommandLine | Purpose::Benchmark | Purpose::Probe => matches!(shown, Shown::Nothing),
        Purpose::Library | Purpose::Bridge => false,
    };
    let by_hand = may_be_owner && claimed.is_none();
    let proved = match shown {
        Shown::Token(agent, token) => Some((agent, token)),
        Shown::Nothing | Shown::Wrong => None,
    };
    let name = proved.as_ref().map(|(agent, _)| agent.as_str());
    let envelope = claimed.as_deref().map(|name| Claim { field: "agent_id", name });
    let said: Vec<Claim<'_>> = envelope.into_iter().chain(claims(request)).collect();
    let may = check(name, &said).or_else(|error| match demands_nothing(request) {
        true => Ok(()),
        false => Err(error),
    });
    let is_said = !said.is_empty();
    let (agent, token) = proved.unzip();
    let proof = token.map(|token| Proof { token, is_said });
    (Who { agent, proof, by_hand }, may)
}

/// Refuses every name but the one that is proved.
fn check(proved: Option<&str>, said: &[Claim<'_>]) -> Result<(), ErrorBody> {
    let wrong = said.iter().find(|claim| proved != Some(claim.name));
    let Some(Claim { field, name }) = wrong else { return Ok(()) };
    // Only what can be a name is repeated.
    checks::agent(field, name)?;
    let error = match proved {
        Some(proved) => denied(format!("this connection speaks for {proved}, and not for {name}"))
            .with_allowed(proved)
            .with_suggestion(
                "Leave the name out, or set AGENT_MEMORY_AGENT_TOKEN to the token of that agent",
            ),
        None => denied(format!("the name {name} is not proved"))
            .with_allowed("the agent whose token the connection has shown")
            .with_suggestion(how_to_prove(name)),
    };
    Err(error.with_field(*field).with_value(name))
}

fn denied(message: String) -> ErrorBody {
    ErrorBody::new(ErrorCode::PermissionDenied, message)
}

fn how_to_prove(name: &str) -> String {
    format!(
        "Register the agent (agent-memory agent register {}) and set AGENT_MEMORY_AGENT_TOKEN to its token where it \
         runs; or name no agent",
        plain(name).unwrap_or("NAME")
    )
}

/// What becomes of a request whose agent's token is not good any more: it is nobody's, unless it says the name.
///
/// # Errors
/// `PermissionDenied`.
pub(crate) fn lose_name(call: &mut Call) -> Result<(), ErrorBody> {
    let is_said = call.proof.take().is_some_and(|proof| proof.is_said);
    let Some(name) = call.agent.take().filter(|_| is_said) else { return Ok(()) };
    let error = denied(format!("the token of {name} is not good any more: it was revoked or replaced"));
    Err(error.with_field("agent_id").with_suggestion(how_to_prove(&name)).with_value(name))
}

/// A refusal of somebody without a name says how to have one, where names are proved.
pub(crate) fn explain(call: &Call, mut error: ErrorBody) -> ErrorBody {
    if error.code == ErrorCode::PermissionDenied && call.services.config.proves_names && call.agent.is_none()
    {
        let how = how_to_prove("NAME");
        error.suggestion =
            Some(error.suggestion.map_or_else(|| how.clone(), |said| format!("{said}. {how}")));
    }
    error
}
