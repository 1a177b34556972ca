//! What the pages in `docs/` claim: the settings, the error codes, the exit codes, the example bytes, and the
//! tests that hold the invariants.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use agent_memory_proto::{
    ErrorCode,
    settings::{ALL, PREFIX, SettingKind},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn page(name: &str) -> String {
    let path = root().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn allowed(kind: SettingKind) -> String {
    match kind {
        SettingKind::Text => "text".to_owned(),
        SettingKind::Path => "a path".to_owned(),
        SettingKind::Secret => "text, never shown".to_owned(),
        SettingKind::Flag => "`1` or `0`".to_owned(),
        SettingKind::Number { min, max } => format!("{min} to {max}"),
        SettingKind::Choice(words) => {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
    }
}

fn settings_table() -> String {
    let mut table =
        "| setting | default | allowed | SIGHUP | what it does |\n|---|---|---|---|---|\n".to_owned();
    for setting in ALL {
        let default =
            if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        let reloadable = if setting.reloadable { "yes" } else { "" };
        let row = [
            &format!("`{PREFIX}{}`", setting.name),
            &default,
            &allowed(setting.kind),
            reloadable,
            setting.doc,
        ];
        table.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    table
}

#[test]
fn the_table_of_settings_is_that_of_the_code() {
    let name = "docs/OPERATIONS.md";
    let text = page(name);
    let start = text.find("<!-- settings:").expect("the table's begin is marked");
    let start = start + text[start..].find('\n').expect("a line") + 1;
    let end = text.find("<!-- end of settings -->").expect("the table's end is marked");
    if std::env::var_os("DOCS_REWRITE").is_some() {
        let rewritten = format!("{}{}{}", &text[..start], settings_table(), &text[end..]);
        fs::write(root().join(name), rewritten).expect("the page is writable");
        return;
    }
    assert_eq!(&text[start..end], settings_table(), "run this test with DOCS_REWRITE=1");
}

#[test]
fn every_error_code_is_explained() {
    let text = page("docs/OPERATIONS.md");
    for code in ErrorCode::ALL {
        let start = format!("| {} | {} | ", code.text(), code.name());
        let row = text.lines().find(|line| line.starts_with(&start));
        let row = row
            .unwrap_or_else(|| panic!("docs/OPERATIONS.md does not explain {} {}", code.text(), code.name()));
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 4, "{row}");
        assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{row}");
    }
}

#[test]
fn the_example_bytes_are_the_golden_ones() {
    let text = page("docs/PROTOCOL.md");
    let mut examples = 0;
    for line in text.lines().filter_map(|line| line.strip_prefix("- golden ")) {
        let (name, bytes) = line.split_once(": ").expect("a name and its bytes");
        let (file, name) = name.split_once(' ').expect("a file and a name");
        let bytes: String = bytes.chars().filter(char::is_ascii_hexdigit).collect();
        let golden = page(&format!("proto/tests/golden/{file}.hex"));
        let golden =
            golden.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).expect("it is golden");
        assert_eq!(bytes, golden, "{file} {name}");
        examples += 1;
    }
    assert!(examples >= 7, "{examples} examples");
}

#[test]
fn every_request_is_in_the_protocols_table() {
    let text = page("docs/PROTOCOL.md");
    for (file, kind) in [("requests", "request"), ("responses", "answer"), ("events", "event")] {
        for line in page(&format!("proto/tests/golden/{file}.hex")).lines() {
            let name = line.split(' ').next().expect("a name");
            let name = name.trim_end_matches(|last: char| last.is_ascii_digit()).trim_end_matches('-');
            assert!(text.contains(&format!("`{name}`")), "docs/PROTOCOL.md does not name the {kind} {name}");
        }
    }
}

/// Each numbered invariant of the architecture page names the tests that hold it, as
/// `path/of/file.rs: name_of_the_test`. They exist.
#[test]
fn every_invariant_names_tests_that_are_there() {
    let text = page("docs/ARCHITECTURE.md");
    let invariants = text.split("## Invariants").nth(1).expect("the page lists invariants");
    let mut held = BTreeSet::new();
    let mut number = 0;
    for line in invariants.lines().take_while(|line| !line.starts_with("## ")) {
        if let Some((digits, _)) = line.split_once(". ").filter(|(digits, _)| digits.parse::<u32>().is_ok()) {
            number = digits.parse().expect("digits");
        }
        let Some(reference) = line.trim().strip_prefix("- `") else { continue };
        let (file, test) = reference.trim_end_matches('`').split_once(": ").expect("a file and a test");
        let source = page(file);
        assert!(source.contains(&format!("fn {test}(")), "invariant {number}: {file} has no test {test}");
        held.insert(number);
    }
    assert_eq!(held, (1..=number).collect(), "an invariant is held by nothing");
    assert!(number >= 11, "{number} invariants");
}
