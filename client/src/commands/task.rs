//! `task add|update|status|get|list|subtasks|claim|block|unblock|history|deactivate|delete`.

use agent_memory_proto::{
    ErrorBody, Request,
    model::{Id, TaskDetails, TaskDomain, TaskSeverity, TaskStatus, TaskType, TaskUrgency},
    request::{
        AddTask, AddTaskBlocker, ClaimTask, DeactivateTask, DeleteTask, GetTask, ListTasks,
        RemoveTaskBlocker, TaskHistory, TaskPatch, UpdateTask,
    },
};
use clap::{Args, Subcommand};

use super::entry::Page;
use crate::{content, failure::Failure, invocation::Invocation, scope_argument::ScopeArgument};

#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    /// Add a task
    Add(AddArgs),
    /// Change what is said of a task
    Update(UpdateArgs),
    /// Say how a task stands
    Status {
        /// Which task
        id: Id,
        /// backlog, open, in_progress, blocked, review, done or wont_do
        status: TaskStatus,
        /// How it ended
        #[arg(long)]
        resolution: Option<String>,
        /// Refuse unless this is its current version
        #[arg(long, value_name = "NUMBER")]
        expected_version: Option<u32>,
    },
    /// Show a task
    Get {
        /// Which task
        id: Id,
    },
    /// List tasks, the most pressing first
    List(ListArgs),
    /// List the parts of a task
    Subtasks {
        /// Which task
        id: Id,
        #[command(flatten)]
        page: Page,
    },
    /// Take a task, unless another agent has it
    Claim {
        /// Which task
        id: Id,
    },
    /// Say that a task has to wait for another
    Block {
        /// The task that waits
        id: Id,
        /// The task that it waits for
        blocker: Id,
    },
    /// Take that back
    Unblock {
        /// The task that waited
        id: Id,
        /// The task that it waited for
        blocker: Id,
    },
    /// List the versions of a task
    History {
        /// Which task
        id: Id,
        #[command(flatten)]
        page: Page,
    },
    /// Hide a task; it blocks no other then
    Deactivate {
        /// Which task
        id: Id,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Remove a task and its history for good
    Delete {
        /// Which task
        id: Id,
    },
}

/// What can be said of a task, new or not.
#[derive(Args, Debug)]
pub(crate) struct Fields {
    /// At length
    #[arg(long)]
    description: Option<String>,
    /// bug, feature, improvement, debt, research, question or other
    #[arg(long = "type", value_name = "TYPE")]
    task_type: Option<TaskType>,
    /// Who can do it: agent or physical
    #[arg(long)]
    domain: Option<TaskDomain>,
    /// critical, high, medium or low
    #[arg(long)]
    severity: Option<TaskSeverity>,
    /// immediate, soon, normal or later
    #[arg(long)]
    urgency: Option<TaskUrgency>,
    /// A word of your own
    #[arg(long)]
    category: Option<String>,
    /// backlog, open, in_progress, blocked, review, done or wont_do
    #[arg(long)]
    status: Option<TaskStatus>,
    /// How it ended
    #[arg(long)]
    resolution: Option<String>,
    /// The file that it is about
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
    /// The first line there
    #[arg(long, value_name = "NUMBER")]
    start_line: Option<u32>,
    /// The last line there
    #[arg(long, value_name = "NUMBER")]
    end_line: Option<u32>,
    /// Which agent has it
    #[arg(long, value_name = "AGENT")]
    assignee: Option<String>,
    /// Who asked for it
    #[arg(long, value_name = "AGENT")]
    reporter: Option<String>,
    /// The task that it is a part of
    #[arg(long, value_name = "ID")]
    parent: Option<Id>,
    /// When it is to be done
    #[arg(long, value_name = "TIME")]
    due: Option<String>,
    /// How long it is thought to take
    #[arg(long, value_name = "MINUTES")]
    estimated: Option<u32>,
    /// How long it took
    #[arg(long, value_name = "MINUTES")]
    took: Option<u32>,
    /// A tag; may be given again
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Anything else, as a JSON object
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// What is to be done
    title: String,
    /// Where it belongs [default: the project]
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeArgument>,
    #[command(flatten)]
    fields: Fields,
}

#[derive(Args, Debug)]
pub(crate) struct UpdateArgs {
    /// Which task
    id: Id,
    /// A new title
    #[arg(long)]
    title: Option<String>,
    /// Refuse unless this is its current version
    #[arg(long, value_name = "NUMBER")]
    expected_version: Option<u32>,
    /// Empties a field; may be given again
    #[arg(long, value_name = "FIELD")]
    clear: Vec<String>,
    #[command(flatten)]
    fields: Fields,
}

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Where to look [default: the project]
    #[arg(long, value_name = "SCOPE", conflicts_with = "all_scopes")]
    scope: Option<ScopeArgument>,
    /// Everywhere
    #[arg(long)]
    all_scopes: bool,
    /// Without the wider scopes
    #[arg(long)]
    exact: bool,
    /// Also what was deactivated
    #[arg(long)]
    include_inactive: bool,
    /// Only with this status; may be given again
    #[arg(long = "status", value_name = "STATUS")]
    statuses: Vec<TaskStatus>,
    /// Only those that wait for others, or are said to be blocked
    #[arg(long)]
    blocked: bool,
    /// Only of this type
    #[arg(long = "type", value_name = "TYPE")]
    task_type: Option<TaskType>,
    /// Only of this severity
    #[arg(long)]
    severity: Option<TaskSeverity>,
    /// Only of this urgency
    #[arg(long)]
    urgency: Option<TaskUrgency>,
    /// Only of this category
    #[arg(long)]
    category: Option<String>,
    /// Only those that this agent has
    #[arg(long, value_name = "AGENT")]
    assignee: Option<String>,
    #[command(flatten)]
    page: Page,
}

pub(crate) async fn run(invocation: &Invocation, command: TaskCommand) -> Result<(), Failure> {
    let request = match command {
        TaskCommand::Add(args) => Request::AddTask(Box::new(add(invocation, args).await?)),
        TaskCommand::Update(args) => Request::UpdateTask(Box::new(update(args)?)),
        TaskCommand::Status { id, status, resolution, expected_version } => {
            let resolution = resolution.map(Some);
            let patch = TaskPatch { status: Some(status), resolution, ..TaskPatch::default() };
            let update = UpdateTask { id, expected_version, patch, updated_by: None, change_reason: None };
            Request::UpdateTask(Box::new(update))
        }
        TaskCommand::Get { id } => Request::GetTask(GetTask { id }),
        TaskCommand::List(args) => Request::ListTasks(list(invocation, args).await?),
        TaskCommand::Subtasks { id, page } => {
            Request::ListTasks(ListTasks { parent_id: Some(id), ..everywhere(page) })
        }
        TaskCommand::Claim { id } => Request::ClaimTask(ClaimTask { id, agent_id: None }),
        TaskCommand::Block { id, blocker } => {
            Request::AddTaskBlocker(AddTaskBlocker { id, blocker_id: blocker, updated_by: None })
        }
        TaskCommand::Unblock { id, blocker } => {
            Request::RemoveTaskBlocker(RemoveTaskBlocker { id, blocker_id: blocker, updated_by: None })
        }
        TaskCommand::History { id, page } => {
            Request::TaskHistory(TaskHistory { id, limit: page.limit, offset: page.offset })
        }
        TaskCommand::Deactivate { id, reason } => {
            Request::DeactivateTask(DeactivateTask { id, updated_by: None, change_reason: reason })
        }
        TaskCommand::Delete { id } => Request::DeleteTask(DeleteTask { id }),
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}

async fn add(invocation: &Invocation, args: AddArgs) -> Result<AddTask, Failure> {
    let scope = invocation.scope_to_write(args.scope.as_ref()).await?;
    let fields = args.fields;
    let details = TaskDetails {
        title: args.title,
        description: fields.description,
        task_type: fields.task_type.unwrap_or_default(),
        domain: fields.domain.unwrap_or_default(),
        severity: fields.severity.unwrap_or_default(),
        urgency: fields.urgency.unwrap_or_default(),
        category: fields.category,
        status: fields.status.unwrap_or_default(),
        resolution: fields.resolution,
        file: fields.file,
        start_line: fields.start_line,
        end_line: fields.end_line,
        assignee: fields.assignee,
        reporter: fields.reporter,
        parent_id: fields.parent,
        due_at_ms: content::time("dueDate", fields.due.as_deref())?,
        estimated_minutes: fields.estimated,
        actual_minutes: fields.took,
        tags: fields.tags,
        metadata: content::json("metadata", fields.metadata.as_deref(), "a JSON object")?,
    };
    Ok(AddTask { id: None, scope, details, created_by: None, change_reason: fields.reason })
}

/// What `--clear` takes.
const CLEARABLE: [&str; 13] = [
    "description",
    "category",
    "resolution",
    "file",
    "startLine",
    "endLine",
    "assignee",
    "reporter",
    "parent",
    "due",
    "estimated",
    "took",
    "metadata",
];

fn update(args: UpdateArgs) -> Result<UpdateTask, Failure> {
    if let Some(wrong) = args.clear.iter().find(|name| !CLEARABLE.contains(&name.as_str())) {
        return Err(Failure::usage(ErrorBody::invalid("clear", wrong, CLEARABLE.join(", "))));
    }
    let fields = args.fields;
    let metadata = content::json("metadata", fields.metadata.as_deref(), "a JSON object")?;
    let due_at_ms = content::time("dueDate", fields.due.as_deref())?;
    let is_cleared = |name: &str| args.clear.iter().any(|cleared| cleared == name);
    let patch = TaskPatch {
        title: args.title,
        description: or(is_cleared("description"), fields.description),
        task_type: fields.task_type,
        domain: fields.domain,
        severity: fields.severity,
        urgency: fields.urgency,
        category: or(is_cleared("category"), fields.category),
        status: fields.status,
        resolution: or(is_cleared("resolution"), fields.resolution),
        file: or(is_cleared("file"), fields.file),
        start_line: or(is_cleared("startLine"), fields.start_line),
        end_line: or(is_cleared("endLine"), fields.end_line),
        assignee: or(is_cleared("assignee"), fields.assignee),
        reporter: or(is_cleared("reporter"), fields.reporter),
        parent_id: or(is_cleared("parent"), fields.parent),
        due_at_ms: or(is_cleared("due"), due_at_ms),
        estimated_minutes: or(is_cleared("estimated"), fields.estimated),
        actual_minutes: or(is_cleared("took"), fields.took),
        tags: (!fields.tags.is_empty()).then_some(fields.tags),
        metadata: or(is_cleared("metadata"), metadata),
    };
    let (updated_by, change_reason) = (None, fields.reason);
    Ok(UpdateTask { id: args.id, expected_version: args.expected_version, patch, updated_by, change_reason })
}

/// Keeps, clears or sets one field.
#[allow(clippy::option_option, reason = "keep, clear and set are three different wishes")]
fn or<T>(is_cleared: bool, value: Option<T>) -> Option<Option<T>> {
    match value {
        Some(value) => Some(Some(value)),
        None => is_cleared.then_some(None),
    }
}

fn everywhere(page: Page) -> ListTasks {
    ListTasks { limit: page.limit, offset: page.offset, ..ListTasks::all() }
}

async fn list(invocation: &Invocation, args: ListArgs) -> Result<ListTasks, Failure> {
    let scope = match args.all_scopes {
        true => None,
        false => Some(invocation.scope_to_read(args.scope.as_ref()).await?),
    };
    Ok(ListTasks {
        scope,
        inherit: !args.exact,
        include_inactive: args.include_inactive,
        statuses: args.statuses,
        task_type: args.task_type,
        severity: args.severity,
        urgency: args.urgency,
        category: args.category,
        assignee: args.assignee,
        only_blocked: args.blocked,
        ..everywhere(args.page)
    })
}
