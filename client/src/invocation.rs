//! One run of a command: its settings, its connection, its project, its output.

use std::path::{Path, PathBuf};

use agent_memory_client::{
    CallOptions, ConnectOptions, Locations, ReconnectingClient,
    binding::{self, Binding, BindingInputs, ProjectName},
};
use agent_memory_proto::{
    ErrorBody, ErrorCode, Request, Response,
    handshake::Purpose,
    model::{Id, Project, ScopeRef},
};
use tokio::sync::OnceCell;

use crate::{commands::Globals, failure::Failure, output::Output, scope_argument::ScopeArgument};

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) globals: Globals,
    pub(crate) locations: Locations,
    pub(crate) output: Output,
    client: ReconnectingClient,
    working_dir: PathBuf,
    project: OnceCell<Option<Project>>,
}

impl Invocation {
    /// Resolves settings and locations. Connects to nothing yet.
    pub(crate) fn new(globals: Globals) -> Result<Self, Failure> {
        let locations = Locations::resolve(globals.data_dir.as_deref(), globals.socket.as_deref())?;
        for unknown in locations.settings.unknown() {
            let hint = unknown.nearest.as_ref().map(|near| format!("; did you mean AGENT_MEMORY_{near}?"));
            tracing::debug!("{} is no setting{}", unknown.name, hint.unwrap_or_default());
        }
        let client = ReconnectingClient::new(connect_options(&locations, &globals));
        let output = Output::new(globals.json, globals.quiet);
        let working_dir = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        Ok(Self { globals, locations, output, client, working_dir, project: OnceCell::new() })
    }

    /// How this run connects.
    pub(crate) fn connect_options(&self) -> &ConnectOptions {
        self.client.options()
    }

    /// Asks the daemon, which is started when nobody answers.
    pub(crate) async fn call(&self, request: Request) -> Result<Response, Failure> {
        let reply = self.client.call(request, self.call_options()).await?;
        if let Some(degradation) = reply.degraded {
            self.output.may_be_stale(degradation);
        }
        if let Some(masking) = reply.masked {
            self.output.was_masked(masking);
        }
        Ok(reply.response)
    }

    /// The key of the settings for what needs one.
    pub(crate) fn admin_key(&self) -> Option<String> {
        self.locations.settings.text("ADMIN_KEY").map(str::to_owned)
    }

    /// The connection, for what takes many requests.
    pub(crate) fn client(&self) -> &ReconnectingClient {
        &self.client
    }

    /// What every request of this run says beside what it asks.
    pub(crate) fn call_options(&self) -> CallOptions {
        CallOptions { deadline: self.globals.timeout, ..CallOptions::default() }
    }

    /// What names the project that this run is bound to.
    pub(crate) fn binding(&self) -> Option<Binding> {
        let agent_directory = std::env::var("CLAUDE_PROJECT_DIR").ok();
        let inputs = BindingInputs {
            argument: self.globals.project.as_deref(),
            setting: self.locations.settings.text("PROJECT"),
            agent_directory: agent_directory.as_deref(),
            working_dir: &self.working_dir,
        };
        binding::bind(&inputs, Path::exists)
    }

    /// The project that this run is bound to. A directory that is no project binds to none; a
    /// project that the user named must exist.
    pub(crate) async fn project(&self) -> Result<Option<&Project>, Failure> {
        let project = self
            .project
            .get_or_try_init(|| async {
                let binding = self.binding().unwrap_or_else(|| Binding::of_working_dir(&self.working_dir));
                let request = binding.name.request(canonical);
                match self.call(request).await {
                    Ok(Response::Project(project)) => Ok(Some(project)),
                    Ok(_) => Err(Failure::unexpected("get_project")),
                    Err(failure) if !binding.source.is_explicit() && is_not_found(&failure) => Ok(None),
                    Err(mut failure) => {
                        if let Some(body) =
                            failure.body.as_mut().filter(|body| body.code == ErrorCode::NotFound)
                        {
                            body.message = format!("{} (named by {})", body.message, binding.source.name());
                        }
                        Err(failure)
                    }
                }
            })
            .await?;
        Ok(project.as_ref())
    }

    /// The project that was looked up during this run, for showing its name.
    pub(crate) fn known_project(&self) -> Option<&Project> {
        self.project.get().and_then(Option::as_ref)
    }

    /// Where a write goes: the argument, else the bound project. Never anywhere else.
    pub(crate) async fn scope_to_write(&self, argument: Option<&ScopeArgument>) -> Result<ScopeRef, Failure> {
        match argument {
            Some(argument) => self.scope(argument).await,
            None => match self.project().await? {
                Some(project) => Ok(ScopeRef::project(project.id)),
                None => Err(self.unbound()),
            },
        }
    }

    /// Where a read looks: the argument, else the bound project, else what is global.
    pub(crate) async fn scope_to_read(&self, argument: Option<&ScopeArgument>) -> Result<ScopeRef, Failure> {
        match argument {
            Some(argument) => self.scope(argument).await,
            None => {
                Ok(self.project().await?.map_or(ScopeRef::GLOBAL, |project| ScopeRef::project(project.id)))
            }
        }
    }

    async fn scope(&self, argument: &ScopeArgument) -> Result<ScopeRef, Failure> {
        match argument {
            ScopeArgument::Global => Ok(ScopeRef::GLOBAL),
            ScopeArgument::Org(id) => Ok(ScopeRef::org(*id)),
            ScopeArgument::Session(id) => Ok(ScopeRef::session(*id)),
            ScopeArgument::Project(Some(text)) => Ok(ScopeRef::project(self.project_id(text).await?)),
            ScopeArgument::Project(None) => match self.project().await? {
                Some(project) => Ok(ScopeRef::project(project.id)),
                None => Err(self.unbound()),
            },
        }
    }

    /// The project that a text names.
    pub(crate) async fn project_named(&self, text: &str) -> Result<Project, Failure> {
        let request = binding::project_name(text, &self.working_dir, Path::exists).request(canonical);
        match self.call(request).await? {
            Response::Project(project) => Ok(project),
            _ => Err(Failure::unexpected("get_project")),
        }
    }

    /// The id of the project that a text names.
    pub(crate) async fn project_id(&self, text: &str) -> Result<Id, Failure> {
        Ok(self.project_named(text).await?.id)
    }

    /// A path of the user as an absolute one without links.
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        canonical(path).unwrap_or_else(|| self.working_dir.join(path))
    }

    /// The working directory.
    pub(crate) fn working_dir(&self) -> &Path {
        &self.working_dir
    }

    /// The failure of a command that needs a project and is bound to none.
    pub(crate) fn unbound(&self) -> Failure {
        let place = match self.binding() {
            Some(Binding { name: ProjectName::Directory(path), source }) => {
                format!("{} ({}) is no project", source.name(), path.display())
            }
            Some(binding) => format!("{} is no project", binding.source.name()),
            None => "no project is bound here".to_owned(),
        };
        Failure::usage(
            ErrorBody::new(
                ErrorCode::MissingField,
                format!("{place}, so it is not known which scope is meant"),
            )
            .with_field("scope")
            .with_allowed(
                "--scope global|org:<id>|project:<id>|session:<id>, or --project <id|name|directory>",
            )
            .with_suggestion("Create the project of this directory: agent-memory project create NAME --here"),
        )
    }
}

/// How a run with these arguments connects.
fn connect_options(locations: &Locations, globals: &Globals) -> ConnectOptions {
    let mut options = ConnectOptions::new(locations, Purpose::CommandLine);
    if let Some(agent) = &globals.agent {
        options.agent_id.clone_from(agent);
    }
    if let Some(timeout) = globals.timeout {
        options.request_timeout = timeout;
    }
    options
}

fn canonical(path: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(path).ok()
}

/// Whether there is no such project, or none that this agent may read.
fn is_not_found(failure: &Failure) -> bool {
    let is_nothing = |code| matches!(code, ErrorCode::NotFound | ErrorCode::PermissionDenied);
    failure.body.as_ref().is_some_and(|body| is_nothing(body.code))
}
