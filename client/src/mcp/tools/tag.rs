//! memory_tag: words that entries are filed under.

use agent_memory_proto::{
    ErrorBody, Request,
    model::{EntryKind, Id, NodeKind, TagCategory},
    request::{CreateTag, EntryTag, ListTags, TagSelector, TagsOfEntry},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, page, unplanned,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_tag",
    actions: &["create", "list", "attach", "detach", "for_entry"],
    parameters: &[
        "action",
        "name",
        "category",
        "description",
        "isPredefined",
        "entryType",
        "entryId",
        "tagId",
        "tagName",
        "updatedBy",
        "limit",
        "offset",
        "agentId",
        "idempotencyKey",
    ],
    uses_project: false,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, action: &str, _: &Scopes) -> Result<Request, Refusal> {
    let categories = || TagCategory::ALL.map(TagCategory::name).join(", ");
    Ok(match action {
        "create" => {
            let name = call.text("name")?;
            Request::CreateTag(CreateTag {
                name: call.need("name", name)?,
                category: call.choice("category", &categories())?,
                description: call.text("description")?,
                is_predefined: call.flag("isPredefined")?.unwrap_or(false),
            })
        }
        "list" => {
            let (limit, offset) = page(call)?;
            Request::ListTags(ListTags { category: call.choice("category", &categories())?, limit, offset })
        }
        "attach" => Request::AttachTag(entry_tag(call)?),
        "detach" => Request::DetachTag(entry_tag(call)?),
        "for_entry" => {
            let (kind, id) = entry(call)?;
            Request::TagsOfEntry(TagsOfEntry { kind, id })
        }
        other => return Err(unplanned(other)),
    })
}

fn entry_tag(call: &mut Arguments) -> Result<EntryTag, Refusal> {
    let (kind, id) = entry(call)?;
    let tag = match (call.id("tagId")?, call.text("tagName")?) {
        (Some(_), Some(_)) => {
            let error = ErrorBody::invalid("tagName", "both", "one of tagId and tagName");
            return Err(Box::new(error.with_suggestion("Give tagName alone")));
        }
        (Some(id), None) => TagSelector::Id(id),
        (None, Some(name)) => TagSelector::Name(name),
        (None, None) => return Err(call.missing("tagName")),
    };
    Ok(EntryTag { kind, id, tag, updated_by: call.text("updatedBy")? })
}

fn entry(call: &mut Arguments) -> Result<(EntryKind, Id), Refusal> {
    let allowed = EntryKind::ALL.map(EntryKind::name).join(", ");
    let kind = call.required("entryType", |call, name| call.choice::<NodeKind>(name, &allowed))?;
    let kind = kind.entry().ok_or_else(|| {
        let error = ErrorBody::invalid("entryType", "project", &allowed);
        Box::new(error.with_suggestion("Projects have no tags; put words for them into their metadata"))
    })?;
    Ok((kind, call.required("entryId", Arguments::id)?))
}
