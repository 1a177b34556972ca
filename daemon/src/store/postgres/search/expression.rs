//! Queries of the full-text index, as text that the server reads as a `tsquery`. They are made of
//! terms of our own making only, each in quotes, so no text that a caller sends can be read as an
//! operator or be refused.

use super::index::{named_lexeme, quoted, scope_lexeme};
use crate::text::query::Unit;

/// One unit, anywhere in an entry.
pub(super) fn of(unit: &Unit) -> String {
    weighted(unit, "")
}

/// Any of the units.
pub(super) fn any_of<'a>(units: impl IntoIterator<Item = &'a Unit>) -> String {
    joined(units.into_iter().map(of), " | ")
}

/// All of the units, each anywhere.
pub(super) fn all_of<'a>(units: impl IntoIterator<Item = &'a Unit>) -> String {
    joined(units.into_iter().map(of), " & ")
}

/// One unit, in names and tags.
pub(super) fn named(unit: &Unit) -> String {
    match unit {
        Unit::Term(term) => quoted(&named_lexeme(term)),
        Unit::Prefix(prefix) => format!("{}:*", quoted(&named_lexeme(prefix))),
        Unit::Phrase(terms) => {
            // The lexemes of names have no places: they only tell the index where to look.
            let each = joined(terms.iter().map(|term| quoted(&named_lexeme(term))), " & ");
            format!("{each} & {}", weighted(unit, "AB"))
        }
    }
}

/// Any of the units, in names and tags.
pub(super) fn any_named<'a>(units: impl IntoIterator<Item = &'a Unit>) -> String {
    joined(units.into_iter().map(|unit| format!("({})", named(unit))), " | ")
}

/// What tells the columns in which a unit stands: the name, the tags, the content.
pub(super) fn in_each_column(unit: &Unit) -> [String; 3] {
    ["A", "B", "C"].map(|weight| weighted(unit, weight))
}

/// What the expression matches, without what any of the others does.
pub(super) fn without(expression: &str, others: &[String]) -> String {
    others.iter().fold(format!("({expression})"), |kept, other| format!("{kept} & !({other})"))
}

/// Everything in the scopes of those keys.
pub(super) fn in_scopes(keys: &[i64]) -> String {
    joined(keys.iter().map(|key| quoted(&scope_lexeme(*key))), " | ")
}

fn weighted(unit: &Unit, weights: &str) -> String {
    let labelled = |lexeme: &str| match weights {
        "" => quoted(lexeme),
        weights => format!("{}:{weights}", quoted(lexeme)),
    };
    match unit {
        Unit::Term(term) => labelled(term),
        Unit::Prefix(prefix) => format!("{}:*{weights}", quoted(prefix)),
        Unit::Phrase(terms) => format!("({})", joined(terms.iter().map(|term| labelled(term)), " <-> ")),
    }
}

fn joined(parts: impl Iterator<Item = String>, operator: &str) -> String {
    parts.collect::<Vec<_>>().join(operator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::query::parse;

    #[test]
    fn operators_are_words() {
        let query = parse("NOT a* OR (\"x y\" NEAR: conf*) - ^ } '");
        assert_eq!(any_of(&query.units), "('x' <-> 'y') | 'near' | 'conf':*");
        assert_eq!(named(&query.units[0]), "'Nx' & 'Ny' & ('x':AB <-> 'y':AB)");
        assert_eq!(any_named(&query.units[1..]), "('Nnear') | ('Nconf':*)");
        assert_eq!(in_each_column(&query.units[2]), ["'conf':*A", "'conf':*B", "'conf':*C"]);
        assert_eq!(in_scopes(&[7, 1]), "'S7' | 'S1'");
        assert_eq!(without("'a'", &["'b'".to_owned(), "'c'".to_owned()]), "('a') & !('b') & !('c')");
    }
}
