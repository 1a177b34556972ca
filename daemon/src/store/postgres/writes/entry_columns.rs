//! Entries on their way into the table, as one array for each column: one statement stores any
//! number of them.

use agent_memory_proto::model::Entry;
use uuid::Uuid;

use crate::store::{
    columns::{BodyColumns, kind_code},
    postgres::{
        columns::{code, text_key, uuid},
        values::{Value, value},
    },
};

macro_rules! columns {
    ($entry:ident, $body:ident; $($name:ident: $type:ty = $value:expr;)+) => {
        /// The columns of `entries` but for the row id and the scope, each with one value for every
        /// entry that was pushed.
        #[derive(Debug, Default)]
        pub(super) struct EntryColumns<'a> {
            $($name: Vec<$type>,)+
        }

        /// Their names, in the order of [`EntryColumns::values`].
        pub(super) const NAMES: &[&str] = &[$(stringify!($name)),+];

        impl<'a> EntryColumns<'a> {
            /// Adds an entry.
            pub(super) fn push(&mut self, $entry: &'a Entry) {
                let $body = BodyColumns::from(&$entry.version.body);
                $(self.$name.push($value);)+
            }

            /// The parameters of a statement.
            pub(super) fn values(&self) -> Vec<Value<'_>> {
                vec![$(value(&self.$name)),+]
            }
        }
    };
}

columns! { entry, body;
    id: Uuid = uuid(entry.id);
    kind: i16 = code(kind_code(entry.kind()));
    name_key: Uuid = text_key(&entry.name);
    is_active: bool = entry.is_active;
    conflict: bool = entry.version.conflict;
    priority: Option<i16> = body.priority.map(i16::from);
    version: i32 = i32::try_from(entry.version.number).unwrap_or(i32::MAX);
    version_id: Uuid = uuid(entry.version.id);
    created_at_ms: i64 = entry.created_at_ms;
    updated_at_ms: i64 = entry.updated_at_ms;
    version_at_ms: i64 = entry.version.created_at_ms;
    valid_from_ms: Option<i64> = body.valid_from_ms;
    valid_until_ms: Option<i64> = body.valid_until_ms;
    invalidated_by: Option<Uuid> = body.invalidated_by.map(Uuid::from_bytes);
    confidence: Option<f64> = body.confidence;
    category: Option<&'a str> = entry.category.as_deref();
    created_by: Option<&'a str> = entry.created_by.as_deref();
    updated_by: Option<&'a str> = entry.updated_by.as_deref();
    version_by: Option<&'a str> = entry.version.created_by.as_deref();
    name: &'a str = &entry.name;
    tags: String = text_array(&entry.tags);
    change_reason: Option<&'a str> = entry.version.change_reason.as_deref();
    source: Option<&'a str> = body.source;
    content: &'a str = body.content;
    rationale: Option<&'a str> = body.rationale;
    constraints: Option<&'a str> = body.constraints;
    examples: Option<&'a str> = body.examples;
    parameters: Option<&'a str> = body.parameters;
    verification_rules: Option<&'a str> = body.verification_rules;
    metadata: Option<&'a str> = entry.metadata.as_ref().map(|json| json.0.as_str());
}

/// The columns as a statement takes them from a row `n` of the parameters.
pub(super) fn taken() -> String {
    let taken = NAMES.iter().map(|name| match *name {
        // An array of arrays would have to be rectangular.
        "tags" => "n.tags::text[]".to_owned(),
        name => format!("n.{name}"),
    });
    taken.collect::<Vec<_>>().join(", ")
}

/// Some parameters, from `$first` on.
pub(in crate::store::postgres) fn parameters(first: usize, count: usize) -> String {
    (first..first + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

/// An array of texts as the server reads it.
fn text_array(texts: &[String]) -> String {
    let quoted = texts.iter().map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_texts_are_quoted() {
        assert_eq!(text_array(&[]), "{}");
        let texts = ["a", "b,c", r#"say "no\yes""#, "NULL"].map(str::to_owned);
        assert_eq!(text_array(&texts), r#"{"a","b,c","say \"no\\yes\"","NULL"}"#);
    }
}
