//! The tools: their names, actions and parameters, and how a call becomes a request. One file each.

mod backup;
mod conflict;
mod consolidate;
mod entry;
mod export;
mod file_lock;
mod forget;
mod guideline;
mod health;
mod import;
mod knowledge;
mod org;
mod permission;
mod project;
mod query;
mod quickstart;
#[cfg(test)]
mod reference;
mod relation;
mod remember;
mod session;
mod tag;
mod task;
mod tool;

use agent_memory_proto::{ErrorBody, ErrorCode, Request, limits};

use super::{
    arguments::{Arguments, Refusal},
    nearest::nearest,
    scopes::Scopes,
};

/// One tool.
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// Its actions; none when it does one thing only.
    pub(super) actions: &'static [&'static str],
    /// Every parameter it takes.
    pub(super) parameters: &'static [&'static str],
    /// Whether a call may mean the bound project.
    pub(super) uses_project: bool,
    /// Whether a call makes sense before the bound project exists.
    pub(super) may_create_project: bool,
    /// Makes the request of a call. The action is one of `actions`, or empty.
    pub(super) plan: fn(&mut Arguments, &str, &Scopes) -> Result<Request, Refusal>,
}

/// Every tool that can be called, whether it is listed or not.
pub(super) const ALL: &[Tool] = &[
    quickstart::TOOL,
    query::TOOL,
    remember::TOOL,
    guideline::TOOL,
    knowledge::TOOL,
    tool::TOOL,
    project::TOOL,
    session::TOOL,
    file_lock::TOOL,
    tag::TOOL,
    relation::TOOL,
    org::TOOL,
    health::TOOL,
    export::TOOL,
    import::TOOL,
    task::TOOL,
    conflict::TOOL,
    backup::TOOL,
    permission::TOOL,
    consolidate::TOOL,
    forget::TOOL,
];

/// The tools of the default profile.
pub(super) const DEFAULT: &[&str] = &[
    quickstart::TOOL.name,
    query::TOOL.name,
    remember::TOOL.name,
    guideline::TOOL.name,
    knowledge::TOOL.name,
    tool::TOOL.name,
    project::TOOL.name,
    session::TOOL.name,
    file_lock::TOOL.name,
    health::TOOL.name,
];

/// What `tools/list` answers, parsed when asked for.
pub(super) const LISTED: &str = include_str!("listed.json");

/// The tool of that name; the refusal names the nearest.
pub(super) fn find(name: &str) -> Result<&'static Tool, Refusal> {
    ALL.iter().find(|tool| tool.name == name).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|tool| tool.name).collect();
        let error = ErrorBody::new(ErrorCode::InvalidParameter, format!("no tool {name:.100}"))
            .with_field("name")
            .with_value(name)
            .with_allowed(names.join(", "));
        let prefixed = format!("memory_{name}");
        Box::new(match nearest(name, &names).or_else(|| nearest(&prefixed, &names)) {
            Some(near) => error.with_suggestion(format!("Did you mean {near}?")),
            None => error,
        })
    })
}

impl Tool {
    /// Takes the action from the arguments; empty for a tool without any.
    pub(super) fn action(&self, call: &mut Arguments) -> Result<String, Refusal> {
        if self.actions.is_empty() {
            return Ok(String::new());
        }
        let allowed = self.actions.join(", ");
        let Some(action) = call.text("action")? else {
            let error = ErrorBody::missing("action").with_allowed(&allowed);
            return Err(Box::new(error.with_suggestion(format!("Give one of: {allowed}"))));
        };
        if self.actions.contains(&action.as_str()) {
            return Ok(action);
        }
        let message = format!("{} has no action {action:?}; allowed: {allowed}", self.name);
        let error = ErrorBody::new(ErrorCode::InvalidAction, message)
            .with_field("action")
            .with_value(&action)
            .with_allowed(&allowed);
        Err(Box::new(match nearest(&action, self.actions) {
            Some(near) => error.with_suggestion(format!("Did you mean {near}?")),
            None => error,
        }))
    }
}

/// `limit` and `offset` of a list.
fn page(call: &mut Arguments) -> Result<(u32, u32), Refusal> {
    let limit = call.integer("limit", 1..=limits::PAGE_ROWS_MAX)?.unwrap_or(limits::PAGE_ROWS_DEFAULT);
    let offset = call.integer("offset", 0..=limits::OFFSET_MAX)?.unwrap_or(0);
    Ok((limit, offset))
}

/// Only reached when an action is listed for a tool and not planned: a test plans every action.
fn unplanned(action: &str) -> Refusal {
    Box::new(ErrorBody::new(ErrorCode::Internal, format!("action {action} is listed but not built")))
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::{Id, ScopeRef};
    use serde_json::{Value, json};

    use super::{super::scopes::BoundProject, *};

    fn scopes() -> Scopes {
        let project = BoundProject { id: Id([1; 16]), name: "demo".to_owned(), org_id: None };
        Scopes { project: Some(project), session: Some(Id([2; 16])), ..Scopes::default() }
    }

    fn plan(tool: &str, arguments: &Value) -> Result<(Request, Vec<String>), Refusal> {
        let tool = find(tool)?;
        let values = arguments.as_object().expect("an object").clone();
        let mut call = Arguments::new(tool.name, values, tool.parameters)?;
        let action = tool.action(&mut call)?;
        let request = (tool.plan)(&mut call, &action, &scopes())?;
        Ok((request, call.left()))
    }

    /// Arguments that suffice for every action of a tool.
    fn sufficient(tool: &str) -> Value {
        let id = Id([3; 16]).to_string();
        let entry = json!({ "name": "n", "content": "c" });
        match tool {
            "memory_guideline" => json!({ "id": id, "name": "n", "content": "c", "ids": [id],
                "entries": [entry], "updates": [{ "id": id, "priority": 9 }] }),
            "memory_knowledge" => json!({ "id": id, "title": "n", "content": "c", "ids": [id],
                "entries": [{ "title": "n", "content": "c" }], "updates": [{ "id": id, "confidence": 0.5 }] }),
            "memory_tool" => json!({ "id": id, "name": "n", "description": "d", "ids": [id],
                "entries": [{ "name": "n", "description": "d" }], "updates": [{ "id": id, "description": "e" }] }),
            "memory_org" => json!({ "name": "n" }),
            "memory_project" => json!({ "id": id, "name": "n", "confirm": true }),
            "memory_session" => json!({ "id": id }),
            "memory_task" => json!({ "id": id, "title": "t", "status": "open", "blockerId": id }),
            "memory_conflict" => json!({ "id": id, "resolution": "r", "keep": "a" }),
            "memory_file_lock" => json!({ "file_path": "/src/a.rs" }),
            "memory_tag" => json!({ "name": "n", "entryType": "tool", "entryId": id, "tagName": "n" }),
            "memory_relation" => {
                json!({ "id": id, "sourceType": "tool", "sourceId": id, "targetType": "project",
                "targetId": id, "relationType": "depends_on" })
            }
            "memory_remember" => json!({ "text": "t" }),
            "memory_backup" => json!({ "filename": "backup-20260131T120000000Z.db" }),
            "memory_permission" => json!({ "agent_id": "a", "permission": "read" }),
            _ => json!({}),
        }
    }

    #[test]
    fn every_action_of_every_tool_becomes_a_request() {
        for tool in ALL {
            let mut arguments = sufficient(tool.name);
            for action in tool.actions {
                arguments["action"] = json!(action);
                plan(tool.name, &arguments).unwrap_or_else(|error| panic!("{} {action}: {error}", tool.name));
            }
            if tool.actions.is_empty() {
                plan(tool.name, &arguments).unwrap_or_else(|error| panic!("{}: {error}", tool.name));
            }
        }
    }

    #[test]
    fn unknown_tools_and_actions_name_the_nearest() {
        let near = |result: Result<_, Refusal>| {
            let error: Refusal = result.map(|_: (Request, Vec<String>)| ()).expect_err("refused");
            (error.code, error.suggestion.clone().unwrap_or_default())
        };
        let refused = near(plan("memory_qery", &json!({})));
        assert_eq!(refused, (ErrorCode::InvalidParameter, "Did you mean memory_query?".to_owned()));
        let refused = near(plan("guideline", &json!({})));
        assert_eq!(refused.1, "Did you mean memory_guideline?");
        let refused = near(plan("memory_guideline", &json!({ "action": "bulkadd" })));
        assert_eq!(refused, (ErrorCode::InvalidAction, "Did you mean bulk_add?".to_owned()));
        let refused = near(plan("memory_query", &json!({})));
        assert_eq!(refused.0, ErrorCode::MissingField);
    }

    #[test]
    fn required_fields_are_named_per_action() {
        for (tool, arguments, field) in [
            ("memory_guideline", json!({ "action": "add", "content": "c" }), "name"),
            ("memory_guideline", json!({ "action": "add", "name": "n" }), "content"),
            ("memory_knowledge", json!({ "action": "add", "content": "c" }), "title"),
            ("memory_tool", json!({ "action": "add", "name": "n" }), "description"),
            ("memory_knowledge", json!({ "action": "update" }), "id"),
            ("memory_knowledge", json!({ "action": "get" }), "id or title"),
            ("memory_tool", json!({ "action": "bulk_add" }), "entries"),
            ("memory_tool", json!({ "action": "bulk_delete" }), "ids"),
            ("memory_remember", json!({}), "text"),
            ("memory_org", json!({ "action": "create" }), "name"),
            ("memory_file_lock", json!({ "action": "checkout" }), "file_path"),
            ("memory_conflict", json!({ "action": "resolve", "id": Id([3; 16]).to_string() }), "resolution"),
            ("memory_task", json!({ "action": "add" }), "title"),
            ("memory_task", json!({ "action": "list_by_status" }), "status"),
            ("memory_task", json!({ "action": "add_blocker", "id": Id([3; 16]).to_string() }), "blockerId"),
            ("memory_backup", json!({ "action": "restore" }), "filename"),
            ("memory_relation", json!({ "action": "create" }), "sourceType"),
            ("memory_tag", json!({ "action": "create" }), "name"),
            ("memory_tag", json!({ "action": "attach", "entryType": "tool" }), "entryId"),
            ("memory_tag", json!({ "action": "for_entry" }), "entryType"),
            ("memory_relation", json!({ "action": "list", "targetType": "tool" }), "targetId"),
            ("memory_relation", json!({ "action": "delete" }), "id"),
            ("memory_query", json!({ "action": "search", "relatedTo": { "type": "tool" } }), "relatedTo.id"),
            ("memory_permission", json!({ "action": "grant", "permission": "read" }), "agent_id"),
            ("memory_permission", json!({ "action": "check" }), "permission"),
        ] {
            let error = plan(tool, &arguments).expect_err("a field is missing");
            assert_eq!(
                (error.code, error.field.as_deref()),
                (ErrorCode::MissingField, Some(field)),
                "{tool}"
            );
        }
    }

    #[test]
    fn parameters_without_effect_are_ignored_and_those_that_would_mislead_are_refused() {
        let search = json!({ "action": "search", "search": "x", "fuzzy": true, "semanticSearch": true,
            "regex": false, "useFts5": true });
        let (request, ignored) = plan("memory_query", &search).expect("planned");
        assert!(matches!(request, Request::Search(_)));
        assert_eq!(ignored, ["fuzzy", "semanticSearch"]);
        let misleading = json!({ "action": "search", "regex": true });
        let error = plan("memory_query", &misleading).expect_err("refused");
        assert_eq!(error.field.as_deref(), Some("regex"));
        assert!(error.suggestion.is_some());
    }

    #[test]
    fn a_query_takes_its_scope_in_either_form_but_not_in_both() {
        let id = Id([9; 16]);
        let nested =
            json!({ "action": "search", "scope": { "type": "org", "id": id.to_string(), "inherit": false } });
        let flat =
            json!({ "action": "search", "scopeType": "org", "scopeId": id.to_string(), "inherit": false });
        let (nested, _) = plan("memory_query", &nested).expect("planned");
        assert_eq!(nested, plan("memory_query", &flat).expect("planned").0);
        let Request::Search(search) = nested else { panic!("a search") };
        assert_eq!((search.scope, search.inherit), (Some(ScopeRef::org(id)), false));
        let both = json!({ "action": "search", "scope": { "type": "global" }, "scopeType": "global" });
        assert_eq!(plan("memory_query", &both).expect_err("both").code, ErrorCode::InvalidScopeType);
    }

    #[test]
    fn an_update_keeps_clears_and_sets() {
        let id = Id([3; 16]).to_string();
        let call = json!({ "action": "update", "id": id, "rationale": null, "category": "style", "expectedVersion": 4 });
        let (request, ignored) = plan("memory_guideline", &call).expect("planned");
        let Request::UpdateEntry(update) = request else { panic!("an update") };
        assert_eq!(update.expected_version, Some(4));
        assert_eq!(update.patch.category, Some(Some("style".to_owned())));
        assert_eq!(update.patch.metadata, None);
        let agent_memory_proto::model::BodyPatch::Guideline { rationale, content, .. } = update.patch.body
        else {
            panic!("a guideline")
        };
        assert_eq!((rationale, content), (Some(None), None));
        assert!(ignored.is_empty());
    }

    #[test]
    fn entries_of_a_bulk_take_the_shared_scope_unless_they_name_their_own() {
        let org = Id([7; 16]);
        let call = json!({ "action": "bulk_add", "scopeType": "global", "createdBy": "me", "entries": [
            { "name": "a", "content": "x" },
            { "name": "b", "content": "y", "scopeType": "org", "scopeId": org.to_string(), "updatedBy": "z" },
        ] });
        let (request, ignored) = plan("memory_guideline", &call).expect("planned");
        let Request::BulkAddEntries(bulk) = request else { panic!("a bulk") };
        let scopes: Vec<ScopeRef> = bulk.entries.iter().map(|entry| entry.draft.scope).collect();
        assert_eq!(scopes, [ScopeRef::GLOBAL, ScopeRef::org(org)]);
        assert!(bulk.entries.iter().all(|entry| entry.draft.created_by.as_deref() == Some("me")));
        assert_eq!(ignored, ["entries[1].updatedBy"]);
    }
}
