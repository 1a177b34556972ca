//! `export`: writes what is stored into a file, or to stdout.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use agent_memory_client::transfer::{self, ExportError, Format};
use agent_memory_proto::{ErrorBody, ErrorCode, model::EntryKind, request::ExportPage};
use clap::Args;

use super::{entry::kind, transfer_progress::Shown};
use crate::{failure::Failure, invocation::Invocation, scope_argument::ScopeArgument};

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// Where to; - is stdout
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,
    /// json, yaml, markdown or openapi [default: by the ending of the file, else json]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Only this scope: global, org:ID, project[:ID, name or directory], session:ID
    #[arg(long)]
    scope: Option<ScopeArgument>,
    /// Only this kind: guideline, knowledge or tool; may be given several times
    #[arg(long = "type", value_name = "KIND", value_parser = kind)]
    kinds: Vec<EntryKind>,
    /// Only entries with this tag; may be given several times, and then one of them suffices
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Leaves earlier versions out
    #[arg(long)]
    no_versions: bool,
    /// Leaves deactivated entries out
    #[arg(long)]
    no_inactive: bool,
}

pub(crate) async fn run(invocation: &Invocation, args: ExportArgs) -> Result<(), Failure> {
    let scope = match &args.scope {
        Some(scope) => Some(invocation.scope_to_read(Some(scope)).await?),
        None => None,
    };
    let format = Format::chosen(args.format, Some(&args.file));
    let request = ExportPage {
        kinds: args.kinds.clone(),
        scope,
        tags: args.tags.clone(),
        include_inactive: !args.no_inactive,
        include_versions: !args.no_versions,
        cursor: None,
    };
    let request = format.narrowed(request).map_err(Failure::usage)?;
    let is_stdout = args.file.as_os_str() == "-";
    let target = if is_stdout {
        None
    } else {
        Some(Target::create(&args.file).map_err(|error| unwritable(&args.file, &error))?)
    };
    let out: Box<dyn Write + Send> = match &target {
        Some(target) => Box::new(target.file.try_clone().map_err(|error| unwritable(&args.file, &error))?),
        None => Box::new(io::stdout()),
    };
    let mut writer = transfer::writer(format, BufWriter::new(out));
    let mut shown = Shown::new("exported", invocation.output.is_quiet() || invocation.output.is_json());
    let mut progress = |done, total| shown.at(done, total);
    let exported = transfer::export(
        invocation.client(),
        request,
        &invocation.call_options(),
        &mut *writer,
        &mut progress,
    )
    .await;
    drop(writer);
    shown.end();
    let exported = exported.map_err(|error| match error {
        ExportError::Client(error) => Failure::from(error),
        ExportError::Write(error) => unwritable(&args.file, &error),
    })?;
    if let Some(target) = target {
        target.keep().map_err(|error| unwritable(&args.file, &error))?;
        let said = transfer::text::exported(&exported);
        invocation.output.remark(&format!("{said} written to {}", args.file.display()));
    }
    for note in transfer::text::export_notes(&exported) {
        invocation.output.remark(&format!("note: {note}"));
    }
    Ok(())
}

/// A file that takes its name when it is complete. For its owner only.
pub(super) struct Target {
    file: File,
    part: PathBuf,
    path: PathBuf,
    is_kept: bool,
}

impl Target {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { file: options.open(&part)?, part, path: path.to_owned(), is_kept: false })
    }

    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn keep(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.part, &self.path)?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let body =
        ErrorBody::new(ErrorCode::InvalidParameter, format!("{} cannot be written: {error}", path.display()));
    Failure::usage(body.with_field("file").with_suggestion("Choose another file, or free space"))
}
