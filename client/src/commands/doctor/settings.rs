//! Settings that do nothing because their name is wrong, and where the settings come from.

use agent_memory_client::Locations;
use agent_memory_proto::settings::PREFIX;

use super::Finding;

/// Set by other parts of this system; no settings of the daemon.
const KNOWN: [&str; 1] = ["AGENT_MEMORY_CLIENT_LOG"];

pub(super) fn check(locations: &Locations) -> Vec<Finding> {
    let mut findings = Vec::new();
    for unknown in locations.settings.unknown() {
        if KNOWN.contains(&unknown.name.as_str()) {
            continue;
        }
        let mend = match &unknown.nearest {
            Some(nearest) => format!("Did you mean {PREFIX}{nearest}?"),
            None => "`agent-memory config` lists the settings; remove it".to_owned(),
        };
        findings.push(Finding::doubtful("settings", format!("{} is no setting", unknown.name), mend));
    }
    let file = match locations.config_file_exists {
        true => format!("read from {}", locations.config_file.display()),
        false => format!("no file at {} (none is needed)", locations.config_file.display()),
    };
    findings.push(Finding::good("settings", file));
    if locations.settings.text("DB_TYPE") == Some("postgresql") {
        let more =
            "the store is PostgreSQL: `agent-memory db check` looks at server, role, schema and pool sizes";
        findings.push(Finding::good("settings", more));
    }
    findings
}
