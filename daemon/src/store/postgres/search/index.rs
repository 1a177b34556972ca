//! What the index holds of an entry: its terms with their places, as the server's own type has
//! them, and how often each occurs, for ranking.

use std::collections::BTreeMap;

use crate::text::entry::IndexedEntry;

/// The columns of a row of `entry_index`, but for its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store::postgres) struct IndexRow {
    /// A `tsvector` as text.
    pub(in crate::store::postgres) terms: String,
    /// Six bytes for each term, ordered: [`term_hash`], then the weighted frequency, both big-endian.
    pub(in crate::store::postgres) frequencies: Vec<u8>,
    /// Terms in all, each time they occur.
    pub(in crate::store::postgres) tokens: i32,
}

/// The vector of a row `w` that was made without the scope, whose key is `w.scope`.
pub(in crate::store::postgres) const SCOPED_TERMS: &str = "('''S' || w.scope || '''' || w.terms)::tsvector";

/// How much a term counts in the name, the tags and the content.
pub(super) const WEIGHTS: [u16; 3] = [8, 4, 1];
/// No phrase reaches from one column into the next.
const GAP: u32 = 16;
/// The server knows no place beyond this.
const PLACE_MAX: u32 = 16_383;
/// Nor more places of one term.
const PLACES_MAX: usize = 255;
/// What a vector may take on the server, with room to spare (its bound is 1 MiB).
const VECTOR_BYTES_MAX: usize = 1_000_000;

#[derive(Default)]
struct Term {
    places: Vec<(u32, char)>,
    frequency: u16,
}

impl IndexRow {
    /// The row of an entry in the scope of that key.
    pub(in crate::store::postgres) fn of(text: &IndexedEntry, scope_key: i64) -> Self {
        let row = Self::without_scope(text);
        Self { terms: quoted(&scope_lexeme(scope_key)) + &row.terms, ..row }
    }

    /// The row of an entry before whose terms the scope is still to be put, as [`SCOPED_TERMS`] does.
    pub(in crate::store::postgres) fn without_scope(text: &IndexedEntry) -> Self {
        let mut terms: BTreeMap<&str, Term> = BTreeMap::new();
        let (mut place, mut tokens) = (0, 0);
        for ((column, label), weight) in
            [(&text.name, 'A'), (&text.tags, 'B'), (&text.content, 'C')].into_iter().zip(WEIGHTS)
        {
            for word in column.split(' ').filter(|word| !word.is_empty()) {
                place += 1;
                tokens += 1;
                let term = terms.entry(word).or_default();
                term.frequency = term.frequency.saturating_add(weight);
                if term.places.len() < PLACES_MAX {
                    term.places.push((place.min(PLACE_MAX), label));
                }
            }
            place += GAP;
        }
        let mut frequencies: Vec<(u32, u16)> =
            terms.iter().map(|(word, term)| (term_hash(word), term.frequency)).collect();
        frequencies.sort_unstable();
        Self {
            terms: vector(&terms),
            frequencies: frequencies
                .iter()
                .flat_map(|(hash, frequency)| {
                    let [a, b, c, d] = hash.to_be_bytes();
                    let [e, f] = frequency.to_be_bytes();
                    [a, b, c, d, e, f]
                })
                .collect(),
            tokens,
        }
    }
}

/// The lexeme that every entry of a scope has. No word begins with an ASCII capital.
pub(super) fn scope_lexeme(scope_key: i64) -> String {
    format!("S{scope_key}")
}

/// The lexeme of an entry that has the term in its name or tags: the index does not know the weights
/// of places, and would have to be followed by a look at every entry with the term.
pub(super) fn named_lexeme(term: &str) -> String {
    format!("N{term}")
}

/// A lexeme as the server reads it, in a vector or a query.
pub(super) fn quoted(lexeme: &str) -> String {
    format!("'{}'", lexeme.replace('\\', "\\\\").replace('\'', "''"))
}

/// What stands for a term in the frequencies. FNV-1a: it has to be the same for ever.
pub(super) fn term_hash(term: &str) -> u32 {
    term.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The vector as text, but for the scope; each lexeme has a blank before it. Of the longest texts that are allowed, in scripts with many bytes for a letter,
/// some terms of the content have no room; those of the name and the tags come first.
fn vector(terms: &BTreeMap<&str, Term>) -> String {
    let is_named = |term: &Term| term.places.first().is_some_and(|(_, label)| *label != 'C');
    let mut out = String::new();
    let mut room = VECTOR_BYTES_MAX;
    let named = terms.iter().filter(|(_, term)| is_named(term));
    for (word, _) in named.clone() {
        out.push(' ');
        out.push_str(&quoted(&named_lexeme(word)));
        room = room.saturating_sub(word.len() + 8);
    }
    for (word, term) in named.chain(terms.iter().filter(|(_, term)| !is_named(term))) {
        let bytes = word.len() + 8 + 2 * term.places.len();
        if bytes > room {
            break;
        }
        room -= bytes;
        out.push(' ');
        out.push_str(&quoted(word));
        for (index, (place, label)) in term.places.iter().enumerate() {
            out.push(if index == 0 { ':' } else { ',' });
            out.push_str(&place.to_string());
            out.push(*label);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_places_weights_and_frequencies() {
        let text = IndexedEntry {
            name: "tab size".to_owned(),
            tags: "style".to_owned(),
            content: "a tab is a tab".to_owned(),
        };
        let row = IndexRow::of(&text, 7);
        assert_eq!(
            row.terms,
            "'S7' 'Nsize' 'Nstyle' 'Ntab' 'size':2A 'style':19B 'tab':1A,37C,40C 'a':36C,39C 'is':38C"
        );
        assert_eq!(row.tokens, 8);
        assert_eq!(row.frequencies.len(), 5 * 6);
        let tab = term_hash("tab").to_be_bytes();
        let found = row.frequencies.chunks(6).find(|chunk| chunk[..4] == tab).expect("the term");
        assert_eq!(u16::from_be_bytes([found[4], found[5]]), 8 + 1 + 1);
    }

    #[test]
    fn lexemes_are_quoted() {
        assert_eq!(quoted(r"it's a \"), r"'it''s a \\'");
    }
}
