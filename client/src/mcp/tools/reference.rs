//! `docs/reference/tools.md`: a page made from the tools and their schemas, and the test that holds it to them.

use std::{fmt::Write, fs, path::Path};

use serde_json::Value;

use super::{ALL, DEFAULT, LISTED, Tool};

const HEAD: &str = "# Tools\n\n\
    Every tool that an agent can call, as `tools/list` describes it. This page is made from the program; do not edit it.\n\
    Wrong names of tools, actions and parameters are refused, naming the nearest right one. What answers look like is in\n\
    [the page on MCP](../MCP.md).\n";

fn page() -> String {
    let listed: Vec<Value> = serde_json::from_str(LISTED).expect("the schemas are JSON");
    let mut page = HEAD.to_owned();
    for tool in ALL {
        let schema = listed.iter().find(|schema| schema["name"] == tool.name);
        let schema = schema.unwrap_or_else(|| panic!("{} has no schema", tool.name));
        describe(&mut page, tool, schema).expect("a text takes everything");
    }
    page
}

fn describe(page: &mut String, tool: &Tool, schema: &Value) -> std::fmt::Result {
    let text = |value: &Value| value.as_str().expect("text").replace('|', "\\|");
    let profile = if DEFAULT.contains(&tool.name) { "default and full" } else { "full" };
    let hints = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];
    let hints: Vec<&str> =
        hints.into_iter().filter(|hint| schema["annotations"][hint] == Value::Bool(true)).collect();
    writeln!(page, "\n## `{}`\n\n{}\n", tool.name, text(&schema["description"]))?;
    writeln!(page, "- Listed in the profile: {profile}")?;
    if !tool.actions.is_empty() {
        writeln!(page, "- Actions: {}", quoted(tool.actions.iter().copied()))?;
    }
    let hints = if hints.is_empty() { "none of the hints".to_owned() } else { quoted(hints) };
    writeln!(page, "- Annotations: {}; {hints}", text(&schema["annotations"]["title"]))?;
    writeln!(page, "\n| parameter | type | |\n|---|---|---|")?;
    let properties = schema["inputSchema"]["properties"].as_object().expect("an object has properties");
    for (name, property) in properties {
        let about = property.get("description").map(text).unwrap_or_default();
        writeln!(page, "| `{name}` | {} | {about} |", kind(property))?;
    }
    let further = tool.parameters.iter().copied().filter(|name| !properties.contains_key(*name));
    let further = quoted(further);
    if !further.is_empty() {
        writeln!(page, "\nTaken, too, and not listed: {further}.")?;
    }
    Ok(())
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The type of a property, with the words it allows.
fn kind(property: &Value) -> String {
    let name = match &property["type"] {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        name => name.as_str().unwrap_or("any").to_owned(),
    };
    if let Some(words) = property["enum"].as_array() {
        return quoted(words.iter().filter_map(Value::as_str));
    }
    match property.get("items") {
        Some(items) => format!("{name} of {}", kind(items)),
        None => name,
    }
}

#[test]
fn the_page_of_the_tools_is_that_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/tools.md");
    if std::env::var_os("DOCS_REWRITE").is_some() {
        fs::write(&path, page()).expect("the page is writable");
        return;
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, page(), "run this test with DOCS_REWRITE=1");
}
