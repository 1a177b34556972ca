//! The fields that differ between the kinds, as arguments.

use agent_memory_proto::{
    ErrorBody, limits,
    model::{BodyPatch, EntryBody, EntryKind, Id, Json},
};
use clap::Args;

use crate::{
    content::{json, time},
    failure::Failure,
};

/// The fields of one kind.
pub(crate) trait EntryFields: Args {
    /// Which kind.
    const KIND: EntryKind;
    /// What its main text is called in public.
    const CONTENT: &'static str;
    /// The fields that `--clear` takes, beside category and metadata.
    const CLEARABLE: &'static [&'static str];

    /// The body of a new entry.
    fn body(self, content: String) -> Result<EntryBody, Failure>;

    /// A change to a body. `cleared` tells whether a field is to be emptied.
    fn patch(self, content: Option<String>, cleared: &Cleared) -> Result<BodyPatch, Failure>;
}

/// The fields named by `--clear`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cleared(Vec<String>);

impl Cleared {
    /// Checks the names.
    pub(crate) fn new<F: EntryFields>(names: Vec<String>) -> Result<Self, Failure> {
        let allowed: Vec<&str> = ["category", "metadata"].iter().chain(F::CLEARABLE).copied().collect();
        match names.iter().find(|name| !allowed.contains(&name.as_str())) {
            Some(name) => Err(Failure::usage(ErrorBody::invalid("clear", name, allowed.join(", ")))),
            None => Ok(Self(names)),
        }
    }

    /// Keeps, clears or sets one field.
    #[allow(clippy::option_option, reason = "keep, clear and set are three different wishes")]
    pub(crate) fn or<T>(&self, name: &str, value: Option<T>) -> Option<Option<T>> {
        match value {
            Some(value) => Some(Some(value)),
            None => self.0.iter().any(|cleared| cleared == name).then_some(None),
        }
    }
}

#[derive(Args, Debug, Default)]
pub(crate) struct GuidelineFields {
    /// 0 to 100; higher comes first [default: 50]
    #[arg(long, value_name = "NUMBER")]
    priority: Option<u8>,
    /// Why the rule is there
    #[arg(long)]
    rationale: Option<String>,
    /// As JSON: {"good": [...], "bad": [...]}
    #[arg(long, value_name = "JSON")]
    examples: Option<String>,
    /// Patterns for a checker, as a JSON object
    #[arg(long, value_name = "JSON")]
    verification_rules: Option<String>,
}

impl GuidelineFields {
    fn json(&self) -> Result<(Option<Json>, Option<Json>), Failure> {
        let examples = json("examples", self.examples.as_deref(), "a JSON object")?;
        let rules = json("verificationRules", self.verification_rules.as_deref(), "a JSON object")?;
        Ok((examples, rules))
    }
}

impl EntryFields for GuidelineFields {
    const KIND: EntryKind = EntryKind::Guideline;
    const CONTENT: &'static str = "content";
    const CLEARABLE: &'static [&'static str] = &["rationale", "examples", "verificationRules"];

    fn body(self, content: String) -> Result<EntryBody, Failure> {
        let (examples, verification_rules) = self.json()?;
        let priority = self.priority.unwrap_or(limits::PRIORITY_DEFAULT);
        Ok(EntryBody::Guideline {
            content,
            priority,
            rationale: self.rationale,
            examples,
            verification_rules,
        })
    }

    fn patch(self, content: Option<String>, cleared: &Cleared) -> Result<BodyPatch, Failure> {
        let (examples, rules) = self.json()?;
        Ok(BodyPatch::Guideline {
            content,
            priority: self.priority,
            rationale: cleared.or("rationale", self.rationale),
            examples: cleared.or("examples", examples),
            verification_rules: cleared.or("verificationRules", rules),
        })
    }
}

#[derive(Args, Debug, Default)]
pub(crate) struct KnowledgeFields {
    /// How sure, 0 to 1 [default: 1]
    #[arg(long, value_name = "NUMBER")]
    confidence: Option<f64>,
    /// Where it comes from
    #[arg(long)]
    source: Option<String>,
    /// True from then on
    #[arg(long, value_name = "TIME")]
    valid_from: Option<String>,
    /// True until then
    #[arg(long, value_name = "TIME")]
    valid_until: Option<String>,
    /// The entry that replaced it
    #[arg(long, value_name = "ID")]
    invalidated_by: Option<Id>,
}

impl EntryFields for KnowledgeFields {
    const KIND: EntryKind = EntryKind::Knowledge;
    const CONTENT: &'static str = "content";
    const CLEARABLE: &'static [&'static str] = &["source", "validFrom", "validUntil", "invalidatedBy"];

    fn body(self, content: String) -> Result<EntryBody, Failure> {
        Ok(EntryBody::Knowledge {
            content,
            confidence: self.confidence.unwrap_or(1.0),
            source: self.source,
            valid_from_ms: time("validFrom", self.valid_from.as_deref())?,
            valid_until_ms: time("validUntil", self.valid_until.as_deref())?,
            invalidated_by: self.invalidated_by,
        })
    }

    fn patch(self, content: Option<String>, cleared: &Cleared) -> Result<BodyPatch, Failure> {
        let valid_from = time("validFrom", self.valid_from.as_deref())?;
        let valid_until = time("validUntil", self.valid_until.as_deref())?;
        Ok(BodyPatch::Knowledge {
            content,
            confidence: self.confidence,
            source: cleared.or("source", self.source),
            valid_from_ms: cleared.or("validFrom", valid_from),
            valid_until_ms: cleared.or("validUntil", valid_until),
            invalidated_by: cleared.or("invalidatedBy", self.invalidated_by),
        })
    }
}

#[derive(Args, Debug, Default)]
pub(crate) struct ToolFields {
    /// Its parameters, as a JSON object
    #[arg(long, value_name = "JSON")]
    parameters: Option<String>,
    /// Examples of use, as a JSON array
    #[arg(long, value_name = "JSON")]
    examples: Option<String>,
    /// Where it does not work
    #[arg(long)]
    constraints: Option<String>,
}

impl ToolFields {
    fn json(&self) -> Result<(Option<Json>, Option<Json>), Failure> {
        let parameters = json("parameters", self.parameters.as_deref(), "a JSON object")?;
        let examples = json("examples", self.examples.as_deref(), "a JSON array")?;
        Ok((parameters, examples))
    }
}

impl EntryFields for ToolFields {
    const KIND: EntryKind = EntryKind::Tool;
    const CONTENT: &'static str = "description";
    const CLEARABLE: &'static [&'static str] = &["parameters", "examples", "constraints"];

    fn body(self, description: String) -> Result<EntryBody, Failure> {
        let (parameters, examples) = self.json()?;
        Ok(EntryBody::Tool { description, parameters, examples, constraints: self.constraints })
    }

    fn patch(self, description: Option<String>, cleared: &Cleared) -> Result<BodyPatch, Failure> {
        let (parameters, examples) = self.json()?;
        Ok(BodyPatch::Tool {
            description,
            parameters: cleared.or("parameters", parameters),
            examples: cleared.or("examples", examples),
            constraints: cleared.or("constraints", self.constraints),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keep_clear_and_set_are_told_apart() {
        let cleared = Cleared::new::<KnowledgeFields>(vec!["source".to_owned()]).expect("allowed");
        assert_eq!(cleared.or("source", None::<u8>), Some(None));
        assert_eq!(cleared.or("source", Some(1)), Some(Some(1)));
        assert_eq!(cleared.or("validFrom", None::<u8>), None);
    }

    #[test]
    fn a_field_of_another_kind_cannot_be_cleared() {
        let failure = Cleared::new::<ToolFields>(vec!["rationale".to_owned()]).expect_err("refused");
        let allowed = failure.body.and_then(|body| body.allowed).expect("allowed");
        assert_eq!(allowed, "category, metadata, parameters, examples, constraints");
    }
}
