//! Merges entries that say the same: what only the others say is added to the best of them.

use std::{collections::HashSet, fmt::Write as _};

use agent_memory_proto::{
    limits,
    model::{Entry, EntryBody},
};

use crate::text::similarity::TermSet;

/// What the best of a group becomes.
#[derive(Debug, PartialEq)]
pub(crate) struct Merged {
    /// What it says; `None` when the others say nothing else.
    pub(crate) body: Option<EntryBody>,
    /// Its tags and those of the others, sorted.
    pub(crate) tags: Vec<String>,
    /// What was taken from which entry, in words.
    pub(crate) taken: String,
}

/// Merges the others into the best, which keeps its name, category and metadata. Lines are added that say something
/// else, in the order of the others; what it has none of (a rationale, a source and so on) is taken from the first of
/// the others that has it.
///
/// # Errors
/// Why it cannot be done.
pub(crate) fn merged(best: &Entry, others: &[Entry]) -> Result<Merged, String> {
    let mut body = best.version.body.clone();
    let mut tags = best.tags.clone();
    let mut seen: HashSet<String> = lines(body.text()).into_iter().map(meaning).collect();
    let mut taken = String::new();
    for other in others {
        let new: Vec<&str> =
            lines(other.version.body.text()).into_iter().filter(|line| seen.insert(meaning(line))).collect();
        let text = text_of(&mut body);
        for line in &new {
            text.push('\n');
            text.push_str(line);
        }
        let fields = fill(&mut body, &other.version.body);
        let new_tags: Vec<String> = other.tags.iter().filter(|tag| !tags.contains(tag)).cloned().collect();
        let counts = [("line", new.len()), ("tag", new_tags.len()), ("field", fields)];
        tags.extend(new_tags);
        let plural = |n| if n == 1 { "" } else { "s" };
        let counts: Vec<String> = counts
            .iter()
            .filter(|(_, n)| *n > 0)
            .map(|(what, n)| format!("{n} {what}{}", plural(*n)))
            .collect();
        if !counts.is_empty() {
            let separator = if taken.is_empty() { "" } else { "; " };
            let _ = write!(taken, "{separator}{} from {}", counts.join(", "), other.id);
        }
    }
    if tags.len() > limits::TAGS_MAX {
        return Err(format!("it would have more than {} tags", limits::TAGS_MAX));
    }
    if body.text().chars().count() > limits::CONTENT_CHARS_MAX {
        return Err(format!("it would have more than {} characters", limits::CONTENT_CHARS_MAX));
    }
    tags.sort_unstable();
    let body = (!taken.is_empty()).then_some(body);
    Ok(Merged { body, tags, taken: if taken.is_empty() { "nothing new".to_owned() } else { taken } })
}

/// What is compared of a text. One with code in it is not taken apart.
fn lines(text: &str) -> Vec<&str> {
    if text.contains("```") {
        return vec![text.trim_end()];
    }
    text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect()
}

/// The same for lines that say the same.
fn meaning(line: &str) -> String {
    let terms = TermSet::of(line);
    let mut terms: Vec<&str> = terms.iter().collect();
    terms.sort_unstable();
    if terms.is_empty() { line.trim().to_owned() } else { terms.join(" ") }
}

fn text_of(body: &mut EntryBody) -> &mut String {
    match body {
        EntryBody::Guideline { content, .. } | EntryBody::Knowledge { content, .. } => content,
        EntryBody::Tool { description, .. } => description,
    }
}

/// Takes over what is missing, and tells how much that was.
fn fill(body: &mut EntryBody, other: &EntryBody) -> usize {
    fn one<T: Clone>(field: &mut Option<T>, other: Option<&T>) -> usize {
        if field.is_some() || other.is_none() {
            return 0;
        }
        *field = other.cloned();
        1
    }
    match (body, other) {
        (
            EntryBody::Guideline { rationale, examples, verification_rules, .. },
            EntryBody::Guideline { rationale: why, examples: shown, verification_rules: rules, .. },
        ) => {
            one(rationale, why.as_ref())
                + one(examples, shown.as_ref())
                + one(verification_rules, rules.as_ref())
        }
        (EntryBody::Knowledge { source, .. }, EntryBody::Knowledge { source: from, .. }) => {
            one(source, from.as_ref())
        }
        (
            EntryBody::Tool { parameters, examples, constraints, .. },
            EntryBody::Tool { parameters: given, examples: shown, constraints: bounds, .. },
        ) => {
            one(parameters, given.as_ref())
                + one(examples, shown.as_ref())
                + one(constraints, bounds.as_ref())
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::guideline, *};

    #[test]
    fn only_what_says_something_else_is_added() {
        let best = guideline(1, 50, "Run the migrations before deploying\nAsk ada");
        let mut other = guideline(2, 50, "ask Ada\nrun migration before deploy\n\n  Then tell everybody");
        other.tags = vec!["deploy".to_owned()];
        if let EntryBody::Guideline { rationale, .. } = &mut other.version.body {
            *rationale = Some("it broke once".to_owned());
        }
        let merged = merged(&best, &[other.clone()]).expect("merged");
        let Some(EntryBody::Guideline { content, rationale, .. }) = merged.body else { panic!("a version") };
        assert_eq!(content, "Run the migrations before deploying\nAsk ada\n  Then tell everybody");
        assert_eq!(rationale.as_deref(), Some("it broke once"));
        assert_eq!(merged.tags, ["deploy"]);
        assert_eq!(merged.taken, format!("1 line, 1 tag, 1 field from {}", other.id));
    }

    #[test]
    fn the_same_in_other_words_is_no_version() {
        let merged = merged(&guideline(1, 50, "Use tabs"), &[guideline(2, 50, "use  TABS")]).expect("merged");
        assert_eq!((merged.body, merged.taken.as_str()), (None, "nothing new"));
    }

    #[test]
    fn code_is_not_taken_apart_and_what_is_too_long_is_left_alone() {
        let code = "Do this:\n```\nrun\n\nrun\n```";
        let merged_code = merged(&guideline(1, 50, "Do this"), &[guideline(2, 50, code)]).expect("merged");
        assert_eq!(merged_code.body.map(|body| body.text().to_owned()), Some(format!("Do this\n{code}")));
        let long = |word: &str| word.repeat(limits::CONTENT_CHARS_MAX / word.len());
        assert!(merged(&guideline(1, 50, &long("ab ")), &[guideline(2, 50, &long("cd "))]).is_err());
    }
}
