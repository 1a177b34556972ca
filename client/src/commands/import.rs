//! `import`: reads entries out of a file, or from stdin, into the store: all or nothing.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use agent_memory_client::transfer::{
    self, Format, ImportRun, Imported, Source, parse_mapping,
    sources::{Gathering, Origin},
};
use agent_memory_proto::{
    ErrorBody, Response,
    request::{ConflictStrategy, ImportOptions, ScopeMapping},
};
use clap::Args;

use super::transfer_progress::Shown;
use crate::{
    failure::{EXIT_REFUSED, Failure},
    invocation::Invocation,
    scope_argument::ScopeArgument,
};

#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// The file; - is stdin. With --from, a file or folder
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// json, yaml or markdown [default: by the ending of the file, else json]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Another program's file or folder: server-memory, claude, agents-md or markdown
    #[arg(long, value_name = "SOURCE", conflicts_with_all = ["format", "mappings", "new_ids"])]
    from: Option<Origin>,
    /// Where that goes [default: the project]
    #[arg(long, value_name = "SCOPE", requires = "from")]
    scope: Option<ScopeArgument>,
    /// What to do with entries that are there already: skip, update, replace or error
    #[arg(long, value_name = "STRATEGY", default_value = "update")]
    on_conflict: ConflictStrategy,
    /// Entries of one scope go into another, as project:ID=project:ID or project:ID=global
    #[arg(long = "map", value_name = "FROM=TO", value_parser = mapping)]
    mappings: Vec<ScopeMapping>,
    /// Gives every entry and version a new id
    #[arg(long)]
    new_ids: bool,
    /// Tells what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
}

fn mapping(text: &str) -> Result<ScopeMapping, String> {
    let (from, to) = text.split_once('=').ok_or("allowed: FROM=TO, as project:<id>=global")?;
    Ok(ScopeMapping { from: parse_mapping(from)?, to: parse_mapping(to)? })
}

/// How long the daemon may take to store everything, unless `--timeout` says otherwise.
const PATIENCE: Duration = Duration::from_secs(3_600);

pub(crate) async fn run(invocation: &Invocation, args: ImportArgs) -> Result<(), Failure> {
    let source = match args.from {
        Some(origin) => gather(invocation, origin, &args).await?,
        None => document(&args)?,
    };
    let imported = import(invocation, source, &args).await?;
    let is_refused = imported.outcome.report.refused_total > 0;
    for note in transfer::text::import_notes(&imported) {
        invocation.output.remark(&format!("note: {note}"));
    }
    if let Some(masked) = imported.masked {
        invocation.output.was_masked(masked);
    }
    if is_refused && invocation.output.is_quiet() {
        invocation.output.note(&transfer::text::import_outcome(&imported.outcome));
    } else {
        invocation.output.show(&Response::ImportOutcome(Box::new(imported.outcome)), None);
    }
    // The report has told it already.
    if is_refused { Err(Failure { exit: EXIT_REFUSED, body: None }) } else { Ok(()) }
}

/// Opens a document of this program.
fn document(args: &ImportArgs) -> Result<Box<dyn Source>, Failure> {
    let format = Format::chosen(args.format, Some(&args.file));
    let input: Box<dyn Read + Send> = if args.file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(&args.file).map_err(|error| unreadable(&args.file, &error))?)
    };
    transfer::source(format, input).map_err(Failure::usage)
}

/// Notes that are told one by one.
const NOTES_MAX: usize = 100;

/// Reads what another program wrote, and tells what is left out of it.
async fn gather(
    invocation: &Invocation,
    origin: Origin,
    args: &ImportArgs,
) -> Result<Box<dyn Source>, Failure> {
    let gathered = origin.gather(&args.file).map_err(Failure::usage)?;
    for note in gathered.notes.iter().take(NOTES_MAX) {
        invocation.output.remark(&format!("note: {note}"));
    }
    if let Some(more) = gathered.notes.len().checked_sub(NOTES_MAX).filter(|more| *more > 0) {
        invocation.output.remark(&format!("note: and {more} more"));
    }
    let scope = invocation.scope_to_write(args.scope.as_ref()).await?;
    Ok(Box::new(Gathering { gathered, scope }))
}

async fn import(
    invocation: &Invocation,
    source: Box<dyn Source>,
    args: &ImportArgs,
) -> Result<Imported, Failure> {
    let run = ImportRun {
        options: ImportOptions {
            strategy: args.on_conflict,
            scope_mapping: args.mappings.clone(),
            generate_new_ids: args.new_ids,
            imported_by: None,
        },
        admin_key: invocation.admin_key(),
        dry_run: args.dry_run,
        patience: invocation.globals.timeout.unwrap_or(PATIENCE),
        call: invocation.call_options(),
    };
    let mut shown = Shown::new("read", invocation.output.is_quiet() || invocation.output.is_json());
    let imported = transfer::import(invocation.client(), source, run, &mut shown).await;
    shown.end();
    Ok(imported?)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(ErrorBody::invalid("file", path.display(), format!("a file that can be read ({error})")))
}
