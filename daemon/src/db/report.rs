//! What was found, for people and for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::store::postgres::{Finding, Level};

/// A line for each finding, and one for its mend.
pub(super) fn as_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { level, about, what, mend } in findings {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:<8} {about:<12} {what}", level.name());
        if let Some(mend) = mend {
            let _ = writeln!(text, "{:22}mend: {mend}", "");
        }
    }
    text
}

pub(super) fn as_json(findings: &[Finding]) -> Value {
    let all: Vec<Value> = findings
        .iter()
        .map(|Finding { level, about, what, mend }| {
            json!({ "level": level.name(), "about": about, "what": what, "mend": mend })
        })
        .collect();
    let success = findings.iter().all(|finding| finding.level != Level::Bad);
    json!({ "success": success, "findings": all })
}
