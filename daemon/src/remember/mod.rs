//! What a plain text is: the kind, name and category that `remember` gives it, by rules that can
//! be said in words. Pure functions.

mod category;
mod command;
mod rules;
mod title;

use agent_memory_proto::model::EntryKind;

/// What a text was taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inferred {
    /// The kind of entry.
    pub kind: EntryKind,
    /// Its name or title: 1 to 80 characters on one line.
    pub name: String,
    /// Its category.
    pub category: Option<String>,
    /// Which rule decided, in words.
    pub inferred_by: String,
}

/// Infers what a text is; `forced` decides the kind instead of the rules.
#[must_use]
pub fn infer(text: &str, forced: Option<EntryKind>) -> Inferred {
    let verdict = rules::judge(text);
    let (kind, category, inferred_by) = match forced {
        Some(kind) if kind != verdict.kind => {
            (kind, category::of(kind, verdict.said), format!("the caller asked for {kind}"))
        }
        Some(kind) => (kind, verdict.category, format!("the caller asked for {kind}")),
        None => (verdict.kind, verdict.category, verdict.reason),
    };
    let name = match kind {
        EntryKind::Tool => command::name(verdict.said),
        EntryKind::Guideline | EntryKind::Knowledge => None,
    };
    Inferred {
        kind,
        name: name.unwrap_or_else(|| title::of(verdict.said)),
        category: category.map(str::to_owned),
        inferred_by,
    }
}

#[cfg(test)]
mod tests {
    use EntryKind::{Guideline, Knowledge, Tool};
    use proptest::prelude::*;

    use super::*;

    const EXAMPLES: &[(&str, EntryKind, Option<&str>, &str)] = &[
        (
            "Always run the tests before pushing.",
            Guideline,
            Some("testing"),
            "Always run the tests before pushing",
        ),
        (
            "Never commit secrets to the repository",
            Guideline,
            Some("security"),
            "Never commit secrets to the repository",
        ),
        ("Don't use unwrap outside tests", Guideline, Some("testing"), "Don't use unwrap outside tests"),
        ("do not log passwords", Guideline, Some("security"), "do not log passwords"),
        ("Prefer composition over inheritance", Guideline, None, "Prefer composition over inheritance"),
        ("Use pnpm instead of npm. It is faster.", Guideline, None, "Use pnpm instead of npm"),
        (
            "All endpoints must validate their input",
            Guideline,
            Some("security"),
            "All endpoints must validate their input",
        ),
        (
            "Error messages should name the field",
            Guideline,
            Some("error-handling"),
            "Error messages should name the field",
        ),
        ("Avoid global state", Guideline, None, "Avoid global state"),
        (
            "Make sure every migration can be rolled back",
            Guideline,
            None,
            "Make sure every migration can be rolled back",
        ),
        ("- Keep functions under 60 lines", Guideline, None, "Keep functions under 60 lines"),
        (
            "Please use snake_case for column names",
            Guideline,
            Some("naming"),
            "Please use snake_case for column names",
        ),
        ("Rule: four eyes on each release", Guideline, None, "four eyes on each release"),
        ("guideline: tabs", Guideline, Some("style"), "tabs"),
        (
            "You have to rebase feature branches before merging",
            Guideline,
            Some("git"),
            "You have to rebase feature branches before merging",
        ),
        ("Write a test for every bug", Guideline, Some("testing"), "Write a test for every bug"),
        (
            "We decided to use PostgreSQL for the billing service.",
            Knowledge,
            Some("decision"),
            "We decided to use PostgreSQL for the billing service",
        ),
        (
            "We chose actix over axum because of the actors",
            Knowledge,
            Some("decision"),
            "We chose actix over axum because of the actors",
        ),
        ("We decided to never use ORMs", Knowledge, Some("decision"), "We decided to never use ORMs"),
        ("Decision: one queue per tenant", Knowledge, Some("decision"), "one queue per tenant"),
        (
            "The team agreed on trunk-based development",
            Knowledge,
            Some("decision"),
            "The team agreed on trunk-based development",
        ),
        (
            "The staging database lives in Frankfurt",
            Knowledge,
            Some("fact"),
            "The staging database lives in Frankfurt",
        ),
        (
            "Redis listens on port 6380. It was moved in May.",
            Knowledge,
            Some("fact"),
            "Redis listens on port 6380",
        ),
        (
            "The parser is in src/parse.rs, e.g. for dates",
            Knowledge,
            Some("fact"),
            "The parser is in src/parse.rs, e.g. for dates",
        ),
        (
            "We are currently rewriting the importer",
            Knowledge,
            Some("context"),
            "We are currently rewriting the importer",
        ),
        (
            "API docs: https://docs.example.com/v2",
            Knowledge,
            Some("reference"),
            "API docs: https://docs.example.com/v2",
        ),
        ("fact: users never see this", Knowledge, Some("fact"), "users never see this"),
        (
            "The build must have been broken by the upgrade",
            Knowledge,
            Some("fact"),
            "The build must have been broken by the upgrade",
        ),
        (
            "Running the importer takes two hours",
            Knowledge,
            Some("fact"),
            "Running the importer takes two hours",
        ),
        ("Why does the login fail?", Knowledge, Some("fact"), "Why does the login fail?"),
        (
            "認証トークンは一時間で失効する。更新は自動。",
            Knowledge,
            Some("fact"),
            "認証トークンは一時間で失効する",
        ),
        ("cargo test --workspace", Tool, Some("cli"), "cargo test --workspace"),
        ("$ npm run build", Tool, Some("cli"), "npm run build"),
        ("`make deploy ENV=staging` deploys to staging", Tool, Some("cli"), "make deploy ENV=staging"),
        ("Run `cargo sqlx prepare` after changing a query", Tool, Some("cli"), "cargo sqlx prepare"),
        ("To regenerate the client run ./scripts/gen.sh", Tool, Some("cli"), "./scripts/gen.sh"),
        ("Use `just lint` to check the style", Tool, Some("cli"), "just lint"),
        (
            "docker compose up -d starts the databases",
            Tool,
            Some("cli"),
            "docker compose up -d starts the databases",
        ),
        ("tool: the staging console", Tool, Some("cli"), "the staging console"),
        ("GET /v1/health answers with the build", Tool, Some("api"), "GET /v1/health answers with the build"),
        (
            "parse_duration() turns 1h30m into seconds",
            Tool,
            Some("function"),
            "parse_duration() turns 1h30m into seconds",
        ),
        (
            "Never run `git push --force` on main",
            Guideline,
            Some("git"),
            "Never run `git push --force` on main",
        ),
        (
            "Make is not installed on the runners",
            Knowledge,
            Some("fact"),
            "Make is not installed on the runners",
        ),
        ("Go modules are vendored", Knowledge, Some("fact"), "Go modules are vendored"),
    ];

    #[test]
    fn examples_become_what_a_person_would_say() {
        for (text, kind, category, name) in EXAMPLES {
            let inferred = infer(text, None);
            let shown = format!("{text:?} by {:?}", inferred.inferred_by);
            assert_eq!((inferred.kind, inferred.category.as_deref()), (*kind, *category), "{shown}");
            assert_eq!(&inferred.name, name, "{shown}");
        }
    }

    #[test]
    fn a_forced_kind_wins_and_says_so() {
        let inferred = infer("Always run the tests", Some(Knowledge));
        assert_eq!((inferred.kind, inferred.category.as_deref()), (Knowledge, Some("fact")));
        assert_eq!(inferred.inferred_by, "the caller asked for knowledge");
    }

    proptest! {
        #[test]
        fn any_text_gets_a_short_name_on_one_line(text in any::<String>()) {
            let inferred = infer(&text, None);
            let chars = inferred.name.chars().count();
            prop_assert!((1..=title::CHARS_MAX).contains(&chars), "{:?}", inferred.name);
            prop_assert!(!inferred.name.chars().any(char::is_control));
            prop_assert!(!inferred.inferred_by.is_empty());
        }
    }
}
