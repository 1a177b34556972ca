//! `audit`: what was done, by whom and from where; shown, or written into a file.

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use agent_memory_client::{render, times};
use agent_memory_proto::{
    Request, Response,
    limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX},
    model::{AuditAction, Id},
    request::ReadAudit,
    response::AuditPage,
};
use clap::Args;

use super::export::{Target, unwritable};
use crate::{failure::Failure, invocation::Invocation, scope_argument::ScopeArgument};

#[derive(Args, Debug)]
pub(crate) struct AuditArgs {
    /// Only what this agent did
    #[arg(long, value_name = "AGENT")]
    by: Option<String>,
    /// Only this, as update, delete, refuse or force_unlock
    #[arg(long)]
    action: Option<AuditAction>,
    /// Only in this scope: global, org:ID, project[:ID, name or directory], session:ID
    #[arg(long)]
    scope: Option<ScopeArgument>,
    /// Only what was done to this
    #[arg(long)]
    id: Option<Id>,
    /// Not before this time or date, as 2026-11-23 or 2026-11-23T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<i64>,
    /// Not at or after this time or date
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<i64>,
    /// Goes on before the line of this number
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
    /// At most this many lines, 1 to 100
    #[arg(long, value_name = "NUMBER", default_value_t = PAGE_ROWS_DEFAULT)]
    limit: u32,
    /// Writes all of it into a file, or to stdout (-), one JSON object in each line
    #[arg(long, value_name = "FILE", conflicts_with = "limit")]
    export: Option<PathBuf>,
}

pub(crate) async fn run(invocation: &Invocation, args: AuditArgs) -> Result<(), Failure> {
    let request = ReadAudit {
        agent: args.by,
        action: args.action,
        scope: match &args.scope {
            Some(scope) => Some(invocation.scope_to_read(Some(scope)).await?),
            None => None,
        },
        id: args.id,
        since_ms: args.since,
        until_ms: args.until,
        before: args.before,
        limit: args.limit,
        admin_key: invocation.admin_key(),
    };
    match args.export {
        Some(file) if file.as_os_str() == "-" => {
            let written = export(invocation, request, &mut BufWriter::new(io::stdout())).await?;
            written.map(drop).map_err(|error| unwritable(&file, &error))
        }
        Some(file) => {
            let target = Target::create(&file).map_err(|error| unwritable(&file, &error))?;
            let written = export(invocation, request, &mut BufWriter::new(target.file())).await?;
            let lines = written.map_err(|error| unwritable(&file, &error))?;
            target.keep().map_err(|error| unwritable(&file, &error))?;
            invocation.output.remark(&format!("{lines} lines written to {}", file.display()));
            Ok(())
        }
        None => {
            let page = page(invocation, request).await?;
            invocation.output.show(&Response::Audit(page), invocation.known_project());
            Ok(())
        }
    }
}

/// So many lines as were asked for, if there are so many. One answer looks through a part of the audit.
async fn page(invocation: &Invocation, mut request: ReadAudit) -> Result<AuditPage, Failure> {
    let mut page = AuditPage { entries: Vec::new(), next: None };
    loop {
        let found = ask(invocation, &request).await?;
        let count = u32::try_from(found.entries.len()).unwrap_or(u32::MAX);
        page.entries.extend(found.entries);
        page.next = found.next;
        request.limit = request.limit.saturating_sub(count);
        if request.limit == 0 || page.next.is_none() {
            return Ok(page);
        }
        request.before = page.next;
    }
}

/// Writes every line; returns how many there were.
async fn export(
    invocation: &Invocation,
    mut request: ReadAudit,
    out: &mut impl Write,
) -> Result<io::Result<u64>, Failure> {
    request.limit = PAGE_ROWS_MAX;
    let mut lines = 0;
    loop {
        let page = ask(invocation, &request).await?;
        for entry in &page.entries {
            if let Err(error) = writeln!(out, "{}", render::audit_entry(entry)) {
                return Ok(Err(error));
            }
            lines += 1;
        }
        request.before = page.next;
        if page.next.is_none() {
            return Ok(out.flush().map(|()| lines));
        }
    }
}

async fn ask(invocation: &Invocation, request: &ReadAudit) -> Result<AuditPage, Failure> {
    match invocation.call(Request::ReadAudit(request.clone())).await? {
        Response::Audit(page) => Ok(page),
        _ => Err(Failure::unexpected("read_audit")),
    }
}

fn time(text: &str) -> Result<i64, String> {
    times::parse(text)
        .ok_or_else(|| "allowed: a time with its zone (2026-11-23T12:00:00Z) or a date".to_owned())
}
