//! The known name nearest to one that was not known: what a refusal suggests.

/// What callers write when they mean something else here. A hint only counts where its target is known.
const HINTS: &[(&str, &str)] = &[
    ("query", "search"),
    ("q", "search"),
    ("keyword", "search"),
    ("keywords", "search"),
    ("text", "content"),
    ("text", "description"),
    ("body", "content"),
    ("value", "content"),
    ("content", "text"),
    ("content", "description"),
    ("message", "text"),
    ("title", "name"),
    ("name", "title"),
    ("key", "name"),
    ("kind", "types"),
    ("type", "types"),
    ("type", "forceType"),
    ("kind", "forceType"),
    ("path", "rootPath"),
    ("directory", "rootPath"),
    ("cwd", "rootPath"),
    ("version", "expectedVersion"),
    ("reason", "changeReason"),
    ("author", "createdBy"),
    ("count", "limit"),
    ("maxresults", "limit"),
    ("top", "limit"),
    ("page", "offset"),
    ("items", "entries"),
    ("guidelines", "entries"),
    ("knowledge", "entries"),
    ("tools", "entries"),
    ("maxtokens", "budgetTokens"),
    ("budget", "budgetTokens"),
    ("tokens", "budgetTokens"),
];

/// The known name that `wanted` most likely stands for, if any is near.
pub(super) fn nearest<'a>(wanted: &str, known: &[&'a str]) -> Option<&'a str> {
    let wanted = folded(wanted);
    let same = known.iter().copied().find(|name| folded(name) == wanted);
    same.or_else(|| hinted(&wanted, known)).or_else(|| {
        known
            .iter()
            .copied()
            .map(|name| (strsim::osa_distance(&wanted, &folded(name)), name))
            .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
            .min()
            .map(|(_, name)| name)
    })
}

fn hinted<'a>(wanted: &str, known: &[&'a str]) -> Option<&'a str> {
    HINTS
        .iter()
        .filter(|(from, _)| *from == wanted)
        .find_map(|(_, to)| known.iter().copied().find(|name| name == to))
}

/// Without what naming styles differ in, so that `scope_type` is `scopeType`.
fn folded(name: &str) -> String {
    name.chars().filter(|c| *c != '_' && *c != '-').flat_map(char::to_lowercase).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["action", "search", "scopeType", "scopeId", "limit", "offset", "tags"];

    #[test]
    fn naming_styles_typing_errors_and_synonyms_are_recognised() {
        assert_eq!(nearest("scope_type", KNOWN), Some("scopeType"));
        assert_eq!(nearest("SCOPE-ID", KNOWN), Some("scopeId"));
        assert_eq!(nearest("limt", KNOWN), Some("limit"));
        assert_eq!(nearest("tag", KNOWN), Some("tags"));
        assert_eq!(nearest("query", KNOWN), Some("search"));
    }

    #[test]
    fn nothing_is_suggested_for_what_is_far_from_everything() {
        assert_eq!(nearest("frobnicate", KNOWN), None);
        assert_eq!(nearest("", KNOWN), None);
    }
}
