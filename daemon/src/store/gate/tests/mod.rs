//! Every kind of write, full of secrets: none of them passes.

mod values;
mod writes;

use agent_memory_proto::{
    model::{EntryKind, Json, PortableEntry, PortableScope, ScopeRef},
    request::{EntryDraft, ImportItem},
};

use super::*;
use crate::store::{NewEntry, Write};
use values::{ID, With, body, draft, project, secret};
use writes::{KINDS, kind_of, writes};

#[test]
fn no_kind_of_write_carries_a_secret_through() {
    let mut seen = [false; KINDS];
    for (write, texts) in writes(With { texts: true, names: false }) {
        seen[kind_of(&write)] = true;
        let masked = Masked::default();
        let passed = pass(SecretsMode::Mask, write.clone(), &masked).expect("masked");
        let shown = format!("{passed:?}");
        assert!(!shown.contains(&secret()), "{shown}");
        let report = masked.taken();
        assert_eq!(report.as_ref().map_or(0, |report| report.total), texts, "{report:?} of {write:?}");
        assert!(!format!("{report:?}").contains(&secret()));
        let refused = pass(SecretsMode::Refuse, write.clone(), &masked);
        assert_eq!(refused.is_err(), texts > 0, "{write:?}");
        assert_eq!(*pass(SecretsMode::Allow, write.clone(), &masked).expect("allowed"), write);
        // What was masked has no secret: a write that is sent again comes to the same.
        let again = pass(SecretsMode::Refuse, (*passed).clone(), &masked).expect("nothing left");
        assert_eq!(again, passed);
    }
    assert_eq!(seen, [true; KINDS], "a kind of write is not tried");
}

#[test]
fn a_secret_in_a_name_is_refused_and_not_repeated() {
    for (write, _) in writes(With { texts: false, names: true }) {
        let has_names = !matches!(kind_of(&write), 4 | 8 | 10 | 14 | 23 | 25 | 29 | 31 | 33);
        let masked = Masked::default();
        match pass(SecretsMode::Mask, write.clone(), &masked) {
            Err(error) => {
                let shown = format!("{error:?} {error}");
                assert!(has_names && shown.contains("github-token"), "{shown}");
                assert!(!shown.contains(&secret()), "{shown}");
            }
            Ok(_) => assert!(!has_names, "{write:?}"),
        }
        assert_eq!(masked.taken(), None);
    }
}

#[test]
fn an_import_says_where() {
    let masked = Masked::default();
    let mut entry = PortableEntry::new(ScopeRef::GLOBAL, "port", body(EntryKind::Knowledge, true));
    entry.metadata =
        Some(Json(format!("{{\"db\":{{\"url\":\"postgres://app:{}@db/x\"}}}}", &secret()[4..18])));
    let item = ImportItem { at: "entries[7]".to_owned(), entry: entry.clone() };
    pass(SecretsMode::Mask, item, &masked).expect("masked");
    let report = masked.taken().expect("three");
    let told: Vec<_> =
        report.fields.iter().map(|one| (one.at.as_deref(), &*one.field, &*one.kind, one.count)).collect();
    let at = Some("entries[7]");
    assert_eq!(
        told,
        [
            (at, "metadata.db.url", "url-password", 1),
            (at, "content", "github-token", 1),
            (at, "source", "github-token", 1),
        ]
    );
    entry.versions.push(entry.versions[0].clone());
    let refused =
        pass(SecretsMode::Refuse, ImportItem { at: "x".to_owned(), entry }, &masked).expect_err("refused");
    assert_eq!(refused.field.as_deref(), Some("metadata.db.url"));
    let scope = PortableScope::Project(project(With { texts: true, names: false }));
    pass(SecretsMode::Mask, scope, &masked).expect("masked");
    assert_eq!(masked.taken().expect("two").fields[0].field, "scopes.description");
}

#[test]
fn every_text_in_json_is_told_by_where_it_is() {
    let json = serde_json::json!({ "a": { "b": secret(), "c": [1, secret()] }, "d": secret() }).to_string();
    let mut draft = draft(EntryKind::Tool, With { texts: false, names: false });
    draft.metadata = Some(Json(json));
    let write = Write::AddEntries { entries: vec![NewEntry { id: ID, version_id: ID, draft }], bulk: true };
    let masked = Masked::default();
    pass(SecretsMode::Mask, write, &masked).expect("masked");
    let fields: Vec<_> = masked.taken().expect("three").fields.into_iter().map(|one| one.field).collect();
    assert_eq!(fields, ["entries[0].metadata.a.b", "entries[0].metadata.a.c[1]", "entries[0].metadata.d"]);
}

#[test]
fn a_value_is_told_by_its_key_and_a_key_with_a_secret_is_refused() {
    let drawn: String = secret()[4..].chars().cycle().take(40).collect();
    let json = serde_json::json!({ "aws": { "secretAccessKey": drawn.clone(), "region": "eu" } }).to_string();
    let mut draft = draft(EntryKind::Tool, With { texts: false, names: false });
    draft.metadata = Some(Json(json));
    let write = |draft: &EntryDraft| Write::AddEntries {
        entries: vec![NewEntry { id: ID, version_id: ID, draft: draft.clone() }],
        bulk: false,
    };
    let masked = Masked::default();
    let passed = pass(SecretsMode::Mask, write(&draft), &masked).expect("masked");
    assert!(!format!("{passed:?}").contains(&drawn));
    assert_eq!(masked.taken().expect("one").fields[0].field, "metadata.aws.secretAccessKey");
    draft.metadata = Some(Json(serde_json::json!({ secret(): 1 }).to_string()));
    let error = pass(SecretsMode::Mask, write(&draft), &masked).expect_err("a key");
    assert_eq!(error.field.as_deref(), Some("metadata (a key)"));
}
