//! `project create|get|list|update|delete`.

use std::path::PathBuf;

use agent_memory_client::binding;
use agent_memory_proto::{
    ErrorBody, Request, Response,
    model::Id,
    request::{CreateProject, DeleteProject, ListProjects, UpdateProject},
};
use clap::{Args, Subcommand};

use super::entry::Page;
use crate::{content, failure::Failure, invocation::Invocation};

#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// Create a project
    Create(CreateArgs),
    /// Show a project
    Get {
        /// Its id, name or directory [default: the bound project]
        target: Option<String>,
    },
    /// List projects
    List {
        /// Only of this organisation
        #[arg(long, value_name = "ID")]
        org: Option<Id>,
        #[command(flatten)]
        page: Page,
    },
    /// Change a project
    Update(UpdateArgs),
    /// Remove a project with its sessions and entries for good
    Delete {
        /// Its id, name or directory
        target: String,
        /// Says that this is meant
        #[arg(long)]
        confirm: bool,
    },
}

#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// Its name, unique in its organisation
    name: String,
    /// What it is
    #[arg(long)]
    description: Option<String>,
    /// Its directory; agents that work in it are bound to it
    #[arg(long, value_name = "DIR", conflicts_with = "here")]
    root: Option<PathBuf>,
    /// Takes the git root of the working directory, else the working directory itself
    #[arg(long)]
    here: bool,
    /// Its organisation
    #[arg(long, value_name = "ID")]
    org: Option<Id>,
    /// Anything else, as a JSON object
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct UpdateArgs {
    /// Its id, name or directory
    target: String,
    /// New name
    #[arg(long)]
    name: Option<String>,
    /// New description; empty clears it
    #[arg(long)]
    description: Option<String>,
    /// New directory; empty clears it
    #[arg(long, value_name = "DIR")]
    root: Option<String>,
    /// New organisation; empty clears it
    #[arg(long, value_name = "ID")]
    org: Option<String>,
    /// New metadata, as a JSON object; empty clears it
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
}

pub(crate) async fn run(invocation: &Invocation, command: ProjectCommand) -> Result<(), Failure> {
    let request = match command {
        ProjectCommand::Create(args) => create(invocation, args)?,
        ProjectCommand::Get { target } => return get(invocation, target).await,
        ProjectCommand::List { org, page } => {
            Request::ListProjects(ListProjects { org_id: org, limit: page.limit, offset: page.offset })
        }
        ProjectCommand::Update(args) => update(invocation, args).await?,
        ProjectCommand::Delete { target, confirm } => {
            let id = invocation.project_id(&target).await?;
            let admin_key = invocation.admin_key();
            Request::DeleteProject(DeleteProject { id, confirm, admin_key })
        }
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, None);
    Ok(())
}

fn create(invocation: &Invocation, args: CreateArgs) -> Result<Request, Failure> {
    let working_dir = invocation.working_dir();
    let root = match (args.root, args.here) {
        (Some(root), _) => Some(root),
        (None, true) => {
            let git_root = binding::git_root(working_dir, |path| path.exists());
            Some(git_root.unwrap_or(working_dir).to_owned())
        }
        (None, false) => None,
    };
    Ok(Request::CreateProject(CreateProject {
        id: None,
        org_id: args.org,
        name: args.name,
        description: args.description,
        root_path: root.map(|root| invocation.absolute(&root).to_string_lossy().into_owned()),
        metadata: content::json("metadata", args.metadata.as_deref(), "a JSON object")?,
    }))
}

async fn get(invocation: &Invocation, target: Option<String>) -> Result<(), Failure> {
    let project = match target {
        Some(target) => invocation.project_named(&target).await?,
        None => match invocation.project().await? {
            Some(project) => project.clone(),
            None => return Err(invocation.unbound()),
        },
    };
    invocation.output.show(&Response::Project(project), None);
    Ok(())
}

async fn update(invocation: &Invocation, args: UpdateArgs) -> Result<Request, Failure> {
    let id = invocation.project_id(&args.target).await?;
    let org_id = match given(args.org) {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(text.parse().map_err(|_| {
            Failure::usage(ErrorBody::invalid("orgId", &text, "an id, or nothing to clear it"))
        })?)),
    };
    let metadata = match given(args.metadata) {
        None => None,
        Some(text) => Some(content::json("metadata", text.as_deref(), "a JSON object")?),
    };
    let root_path = given(args.root)
        .map(|root| root.map(|root| invocation.absolute(root.as_ref()).to_string_lossy().into_owned()));
    let description = given(args.description);
    Ok(Request::UpdateProject(UpdateProject {
        id,
        name: args.name,
        org_id,
        description,
        root_path,
        metadata,
    }))
}

/// An argument that clears when it is empty.
#[allow(clippy::option_option, reason = "keep, clear and set are three different wishes")]
fn given(text: Option<String>) -> Option<Option<String>> {
    text.map(|text| Some(text).filter(|text| !text.is_empty()))
}
