//! memory_import: stores a document, all or nothing. Its plan begins the import; the bridge hands the
//! document over.

use agent_memory_proto::{
    ErrorBody, Request,
    request::{BeginImport, ConflictStrategy, ImportOptions, ScopeMapping},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool,
};
use crate::transfer::parse_mapping;

pub(super) const TOOL: Tool = Tool {
    name: "memory_import",
    actions: &["import"],
    parameters: &[
        "action",
        "content",
        "filename",
        "format",
        "conflictStrategy",
        "scopeMapping",
        "generateNewIds",
        "dryRun",
        "importedBy",
        "admin_key",
        "agentId",
    ],
    uses_project: false,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, _: &str, _: &Scopes) -> Result<Request, Refusal> {
    let strategy = call.word("conflictStrategy")?;
    let options = ImportOptions {
        strategy: strategy.unwrap_or(ConflictStrategy::Update),
        scope_mapping: mappings(call)?,
        generate_new_ids: call.flag("generateNewIds")?.unwrap_or(false),
        imported_by: call.text("importedBy")?,
    };
    Ok(Request::BeginImport(BeginImport { options, admin_key: call.text("admin_key")? }))
}

/// `{"project:<old id>": {"type": "project", "id": "<new id>"}}`
fn mappings(call: &mut Arguments) -> Result<Vec<ScopeMapping>, Refusal> {
    let Some(json) = call.object("scopeMapping")? else { return Ok(Vec::new()) };
    let value = json.value();
    let wrong =
        |key: &str, text: String| Box::new(ErrorBody::invalid(&format!("scopeMapping.{key}"), key, text));
    let mut mappings = Vec::new();
    for (key, target) in value.as_object().into_iter().flatten() {
        let from = parse_mapping(key).map_err(|allowed| wrong(key, allowed))?;
        let to = match (target["type"].as_str(), target["id"].as_str()) {
            (Some(level), Some(id)) => parse_mapping(&format!("{level}:{id}")),
            (Some(level), None) => parse_mapping(level),
            _ => Err("{\"type\": \"project\", \"id\": \"<id>\"}".to_owned()),
        };
        mappings.push(ScopeMapping { from, to: to.map_err(|allowed| wrong(key, allowed))? });
    }
    Ok(mappings)
}
