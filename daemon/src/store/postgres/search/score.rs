//! BM25 as FTS5 computes it, so that both backends order alike. Each unit of a query has its weight
//! by how rare it is; an entry is scored by how often it has them, and by its length.

use super::index::term_hash;
use crate::text::query::Unit;

const K1: f64 = 1.2;
const B: f64 = 0.75;
/// What a word that most entries have still counts.
const WEIGHT_MIN: f64 = 1e-6;
/// The lexeme of the scope counts in the length of an entry in FTS5.
const SCOPE_TOKENS: f64 = 1.0;

/// How to score the entries that a query finds.
#[derive(Debug)]
pub(super) struct Scoring {
    units: Vec<ScoredUnit>,
    average_tokens: f64,
}

#[derive(Debug)]
struct ScoredUnit {
    weight: f64,
    /// What stands for a term in the frequencies; `None` for what the server has to look for.
    hash: Option<[u8; 4]>,
}

impl Scoring {
    /// For units and the number of entries that have each, of so many.
    pub(super) fn new<'a>(
        units: impl IntoIterator<Item = (&'a Unit, f64)>,
        entries: f64,
        average_tokens: f64,
    ) -> Self {
        let units = units.into_iter().map(|(unit, having)| ScoredUnit {
            weight: weight(entries, having),
            hash: match unit {
                Unit::Term(term) => Some(term_hash(term).to_be_bytes()),
                Unit::Prefix(_) | Unit::Phrase(_) => None,
            },
        });
        Self { units: units.collect(), average_tokens: average_tokens.max(1.0) + SCOPE_TOKENS }
    }

    /// The same for what the server has to look for in any case: units in names and tags alone.
    pub(super) fn looked_for(having: &[f64], entries: f64, average_tokens: f64) -> Self {
        let unit = |having: &f64| ScoredUnit { weight: weight(entries, *having), hash: None };
        let units = having.iter().map(unit).collect();
        Self { units, average_tokens: average_tokens.max(1.0) + SCOPE_TOKENS }
    }

    /// The score of an entry: its length, the frequencies that the index keeps, and for each phrase
    /// or prefix, in the order of the query, how often it counts.
    pub(super) fn score(&self, tokens: i32, frequencies: &[u8], others: &[f64]) -> f64 {
        let length = (f64::from(tokens) + SCOPE_TOKENS) / self.average_tokens;
        let saturation = K1 * (1.0 - B + B * length);
        let mut others = others.iter();
        let mut score = 0.0;
        for unit in &self.units {
            let frequency = match unit.hash {
                Some(hash) => f64::from(frequency(frequencies, hash)),
                None => others.next().copied().unwrap_or_default(),
            };
            score += unit.weight * (frequency * (K1 + 1.0)) / (frequency + saturation);
        }
        score
    }
}

fn weight(entries: f64, having: f64) -> f64 {
    let having = having.min(entries);
    ((entries - having + 0.5) / (having + 0.5)).ln().max(WEIGHT_MIN)
}

/// The weighted frequency of a term: a search by halves among pieces of six bytes.
fn frequency(frequencies: &[u8], hash: [u8; 4]) -> u16 {
    let (pieces, _) = frequencies.as_chunks::<6>();
    match pieces.binary_search_by(|[a, b, c, d, ..]| [*a, *b, *c, *d].cmp(&hash)) {
        Ok(index) => u16::from_be_bytes([pieces[index][4], pieces[index][5]]),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::index::IndexRow, *};
    use crate::text::{entry::IndexedEntry, query::parse};

    fn row(name: &str, content: &str) -> IndexRow {
        let text = IndexedEntry { name: name.to_owned(), tags: String::new(), content: content.to_owned() };
        IndexRow::of(&text, 1)
    }

    #[test]
    fn rare_words_names_and_short_texts_count_more() {
        let query = parse("rare usual \"a b\"");
        let having = [3.0, 60.0, 3.0];
        let scoring = Scoring::new(query.units.iter().zip(having), 100.0, 4.0);
        let score = |row: &IndexRow, others: &[f64]| scoring.score(row.tokens, &row.frequencies, others);
        let rare = score(&row("x", "rare y"), &[0.0]);
        let usual = score(&row("x", "usual y"), &[0.0]);
        assert!(rare > usual && usual > 0.0);
        assert!(score(&row("rare", "x y"), &[0.0]) > rare);
        assert!(score(&row("x", "rare y z z z z z"), &[0.0]) < rare);
        assert!(score(&row("x", "rare y"), &[1.0]) > rare);
        // As FTS5 has it: ln((100 - 3 + 0.5) / (3 + 0.5)) * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 4 / 5))
        assert!((rare - 3.327_081 * 2.2 / 2.02).abs() < 1e-4, "{rare}");
    }
}
