//! The match expression of the full-text index. It is made of terms of our own making only, each
//! in quotes, so no text that a caller sends can be read as an operator or be refused.

use std::fmt::Write;

use crate::text::query::{ParsedQuery, Unit};

/// The expression: any of the units, in the columns that hold what people wrote, and, when scopes
/// are given, only in entries of one of those.
pub(super) fn match_expression(query: &ParsedQuery, scope_keys: Option<&[i64]>) -> String {
    let mut out = String::new();
    if let Some(keys) = scope_keys {
        out.push('(');
        for (index, key) in keys.iter().enumerate() {
            let or = if index > 0 { " OR " } else { "" };
            let _ = write!(out, "{or}scope : \"{}\"", scope_term(*key));
        }
        out.push_str(") AND ");
    }
    out.push_str("{name tags content} : (");
    for (index, unit) in query.units.iter().enumerate() {
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

/// The term that every entry of a scope has in the index's column `scope`.
fn scope_term(key: i64) -> String {
    format!("s{key}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::query::parse;

    #[test]
    fn operators_are_words() {
        let query = parse("NOT a* OR (\"x y\" NEAR: conf*) - ^ } '");
        let expected = r#"{name tags content} : ("x y" OR "near" OR "conf" *)"#;
        assert_eq!(match_expression(&query, None), expected);
        let scoped = r#"(scope : "s7" OR scope : "s1") AND {name tags content} : ("cach")"#;
        assert_eq!(match_expression(&parse("cache"), Some(&[7, 1])), scoped);
    }
}
