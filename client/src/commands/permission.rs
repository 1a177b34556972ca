//! `permission grant|revoke|check|list`.

use agent_memory_proto::{
    ErrorBody, Request,
    model::{EntryKind, Id, PermissionLevel},
    request::{CheckPermission, GrantPermission, ListPermissions, PermissionTarget, RevokePermission},
};
use clap::{Args, Subcommand};

use super::entry::{Page, kind};
use crate::{failure::Failure, invocation::Invocation, scope_argument::ScopeArgument};

#[derive(Debug, Subcommand)]
pub(crate) enum PermissionCommand {
    /// Let an agent, or everyone, do something in a scope and those below it
    Grant(PlaceArgs),
    /// Take a level away: the agent has the one below from then on; or remove what was said under an id
    Revoke {
        /// The id of what is removed, from then on what is inherited counts
        #[arg(long, value_name = "ID", conflicts_with_all = ["agent_name", "level"])]
        id: Option<Id>,
        #[command(flatten)]
        place: OptionalPlaceArgs,
    },
    /// Whether an agent may do something, and what decides it
    Check(PlaceArgs),
    /// List what was said
    List {
        /// Only of this agent; * for what was said of everyone
        #[arg(long, value_name = "NAME")]
        of: Option<String>,
        /// Only of this very scope
        #[arg(long, value_name = "SCOPE")]
        scope: Option<ScopeArgument>,
        /// Only of this type of entry
        #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
        kind: Option<EntryKind>,
        #[command(flatten)]
        page: Page,
    },
}

/// Who, what and where.
#[derive(Args, Debug)]
pub(crate) struct PlaceArgs {
    /// The agent; * for everyone
    #[arg(value_name = "AGENT")]
    agent_name: String,
    /// read, write or admin
    #[arg(value_parser = level)]
    level: PermissionLevel,
    #[command(flatten)]
    at: Where,
}

/// Who, what and where, unless an id says it.
#[derive(Args, Debug)]
pub(crate) struct OptionalPlaceArgs {
    /// The agent; * for everyone
    #[arg(value_name = "AGENT")]
    agent_name: Option<String>,
    /// read, write or admin
    #[arg(value_parser = level)]
    level: Option<PermissionLevel>,
    #[command(flatten)]
    at: Where,
}

/// Where, and with what.
#[derive(Args, Debug)]
pub(crate) struct Where {
    /// Where [default: the project]
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeArgument>,
    /// Only entries of this type: guideline, knowledge or tool
    #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
    kind: Option<EntryKind>,
}

pub(crate) async fn run(invocation: &Invocation, command: PermissionCommand) -> Result<(), Failure> {
    let admin_key = invocation.admin_key();
    let request = match command {
        PermissionCommand::Grant(place) => Request::GrantPermission(GrantPermission {
            scope: invocation.scope_to_write(place.at.scope.as_ref()).await?,
            agent_id: place.agent_name,
            kind: place.at.kind,
            level: place.level,
            created_by: None,
            admin_key,
        }),
        PermissionCommand::Revoke { id, place } => {
            let target = target(invocation, id, place).await?;
            Request::RevokePermission(RevokePermission { target, created_by: None, admin_key })
        }
        PermissionCommand::Check(place) => Request::CheckPermission(CheckPermission {
            scope: invocation.scope_to_read(place.at.scope.as_ref()).await?,
            agent_id: Some(place.agent_name),
            kind: place.at.kind,
            level: place.level,
        }),
        PermissionCommand::List { of, scope, kind, page } => Request::ListPermissions(ListPermissions {
            agent_id: of,
            scope: match &scope {
                Some(scope) => Some(invocation.scope_to_read(Some(scope)).await?),
                None => None,
            },
            kind,
            limit: page.limit,
            offset: page.offset,
        }),
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}

async fn target(
    invocation: &Invocation,
    id: Option<Id>,
    place: OptionalPlaceArgs,
) -> Result<PermissionTarget, Failure> {
    if let Some(id) = id {
        return Ok(PermissionTarget::Id(id));
    }
    let (Some(agent_id), Some(level)) = (place.agent_name, place.level) else {
        let missing = ErrorBody::missing("AGENT").with_allowed("an agent and a level, or --id");
        return Err(Failure::usage(missing));
    };
    let scope = invocation.scope_to_write(place.at.scope.as_ref()).await?;
    Ok(PermissionTarget::Level { agent_id, scope, kind: place.at.kind, level })
}

fn level(text: &str) -> Result<PermissionLevel, String> {
    let level = text.parse().ok().filter(|level| *level > PermissionLevel::None);
    level.ok_or_else(|| "allowed: read, write, admin".to_owned())
}
