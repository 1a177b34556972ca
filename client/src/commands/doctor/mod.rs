//! `doctor`: finds what is wrong between this environment and a working daemon, and says the mend.
//! Exit code 1 when something is wrong.

mod daemon;
mod files;
mod settings;

use serde_json::json;

use super::Globals;
use crate::{
    failure::{EXIT_FAILURE, Failure},
    invocation::Invocation,
    output::Output,
};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Good,
    Doubtful,
    Bad,
}

/// One thing that was looked at.
#[derive(Debug)]
struct Finding {
    level: Level,
    about: &'static str,
    what: String,
    mend: Option<String>,
}

impl Finding {
    fn good(about: &'static str, what: impl Into<String>) -> Self {
        Self { level: Level::Good, about, what: what.into(), mend: None }
    }

    fn doubtful(about: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { level: Level::Doubtful, about, what: what.into(), mend: Some(mend.into()) }
    }

    fn bad(about: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { level: Level::Bad, about, what: what.into(), mend: Some(mend.into()) }
    }
}

pub(crate) async fn run(globals: Globals) -> Result<(), Failure> {
    let output = Output::new(globals.json, globals.quiet);
    let mut findings = Vec::new();
    match Invocation::new(globals) {
        Ok(invocation) => {
            findings.extend(settings::check(&invocation.locations));
            findings.extend(files::check(&invocation.locations));
            findings.extend(daemon::check(&invocation).await);
        }
        Err(failure) => {
            let what = failure.body.map(|body| body.message).unwrap_or_default();
            let mend = "Correct the setting, in the environment or in the settings file";
            findings.push(Finding::bad("settings", what, mend));
        }
    }
    show(output, &findings);
    match findings.iter().any(|finding| finding.level == Level::Bad) {
        true => Err(Failure::told(EXIT_FAILURE)),
        false => Ok(()),
    }
}

fn show(output: Output, findings: &[Finding]) {
    let word = |level| match level {
        Level::Good => "ok",
        Level::Doubtful => "warning",
        Level::Bad => "problem",
    };
    if output.is_json() {
        let all: Vec<_> = findings
            .iter()
            .map(|finding| {
                json!({
                    "level": word(finding.level),
                    "about": finding.about,
                    "what": finding.what,
                    "mend": finding.mend,
                })
            })
            .collect();
        let healthy = findings.iter().all(|finding| finding.level != Level::Bad);
        output.json(&json!({ "success": healthy, "findings": all }));
        return;
    }
    let style = output.style();
    for finding in findings {
        if output.is_quiet() && finding.level == Level::Good {
            continue;
        }
        let padded = format!("{:<8}", word(finding.level));
        let label = match finding.level {
            Level::Good => style.good(&padded),
            Level::Doubtful => style.doubtful(&padded),
            Level::Bad => style.bad(&padded),
        };
        output.line(&format!("{label} {:<15} {}", finding.about, finding.what));
        if let Some(mend) = &finding.mend {
            output.line(&format!("{:25}mend: {mend}", ""));
        }
    }
}
