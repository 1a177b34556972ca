//! Match expressions of the full-text index. They are made of terms of our own making only, each
//! in quotes, so no text that a caller sends can be read as an operator or be refused.

use std::fmt::Write;

use crate::text::query::Unit;

/// Any of the units, in the columns that hold what people wrote.
pub(super) fn any_of(units: &[&Unit]) -> String {
    in_columns("{name tags content}", units)
}

/// Any of the units, in names and tags.
pub(super) fn any_named(units: &[&Unit]) -> String {
    in_columns("{name tags}", units)
}

/// All of the units, each anywhere in those columns.
pub(super) fn all_of(units: &[&Unit]) -> String {
    let each: Vec<String> = units.iter().map(|unit| any_of(&[unit])).collect();
    format!("({})", each.join(") AND ("))
}

/// What the expression matches, without what any of the others does.
pub(super) fn without(expression: &str, others: &[String]) -> String {
    if others.is_empty() {
        expression.to_owned()
    } else {
        format!("({expression}) NOT (({}))", others.join(") OR ("))
    }
}

/// Everything in the scopes of those keys.
pub(super) fn in_scopes(keys: &[i64]) -> String {
    let terms: Vec<String> = keys.iter().map(|key| format!("\"s{key}\"")).collect();
    format!("scope : ({})", terms.join(" OR "))
}

fn in_columns(columns: &str, units: &[&Unit]) -> String {
    let mut out = format!("{columns} : (");
    for (index, unit) in units.iter().enumerate() {
        if index > 0 {
            out.push_str(" OR ");
        }
        let _ = match unit {
            Unit::Term(term) => write!(out, "\"{term}\""),
            Unit::Prefix(prefix) => write!(out, "\"{prefix}\" *"),
            Unit::Phrase(terms) => write!(out, "\"{}\"", terms.join(" ")),
        };
    }
    out.push(')');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::query::parse;

    #[test]
    fn operators_are_words() {
        let query = parse("NOT a* OR (\"x y\" NEAR: conf*) - ^ } '");
        let units: Vec<&Unit> = query.units.iter().collect();
        let expected = r#"{name tags content} : ("x y" OR "near" OR "conf" *)"#;
        assert_eq!(any_of(&units), expected);
        assert_eq!(any_named(&units[1..2]), r#"{name tags} : ("near")"#);
        assert_eq!(in_scopes(&[7, 1]), r#"scope : ("s7" OR "s1")"#);
    }
}
