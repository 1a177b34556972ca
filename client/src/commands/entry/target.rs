//! Names one entry on the command line: by id, or by name in a scope.

use agent_memory_proto::{
    Request, Response,
    model::{Entry, EntryKind, Id},
    request::{EntrySelector, GetEntry},
};
use clap::Args;

use crate::{failure::Failure, invocation::Invocation, scope_argument::ScopeArgument};

/// One entry.
#[derive(Args, Debug)]
pub(crate) struct Target {
    /// Its id, or its name in the scope
    #[arg(value_name = "ID|NAME")]
    target: String,
    /// Where to look for the name [default: the project]
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeArgument>,
}

impl Target {
    /// How the entry is selected. Reads look for a name in the wider scopes too; what changes an
    /// entry takes it from the very scope, never from one that others share.
    pub(crate) async fn selector(
        &self,
        invocation: &Invocation,
        for_write: bool,
    ) -> Result<EntrySelector, Failure> {
        if let Ok(id) = self.target.parse::<Id>() {
            return Ok(EntrySelector::Id(id));
        }
        let scope = self.scope.as_ref();
        let scope = match for_write {
            true => invocation.scope_to_write(scope).await?,
            false => invocation.scope_to_read(scope).await?,
        };
        Ok(EntrySelector::Name { name: self.target.clone(), scope, inherit: !for_write })
    }

    /// The id of the entry, looked up when a name was given.
    pub(crate) async fn id(
        &self,
        invocation: &Invocation,
        kind: EntryKind,
        for_write: bool,
    ) -> Result<Id, Failure> {
        match self.selector(invocation, for_write).await? {
            EntrySelector::Id(id) => Ok(id),
            selector @ EntrySelector::Name { .. } => {
                let request = Request::GetEntry(GetEntry { kind, selector, include_inactive: true });
                Ok(entry(invocation.call(request).await?)?.id)
            }
        }
    }
}

/// The entry of an answer.
pub(crate) fn entry(response: Response) -> Result<Entry, Failure> {
    match response {
        Response::Entry(entry) => Ok(*entry),
        _ => Err(Failure::unexpected("get_entry")),
    }
}
