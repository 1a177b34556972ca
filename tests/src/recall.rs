//! Recall: how often a search finds what it should. Reads documents and queries as JSON lines, puts
//! the documents into a real daemon, asks the queries, and counts.

use std::{collections::HashMap, io, path::Path};

use agent_memory_proto::{
    Request, Response,
    model::{EntryBody, EntryKind, Id, ScopeRef},
    request::{AddEntry, BulkAddEntries, EntryDraft},
};
use serde_json::{Value, json};

use crate::{Wire, requests};

/// Entries in one bulk request.
const BATCH: usize = 100;
/// Hits that are looked at.
const DEPTH: usize = 10;

/// One document: `{"id", "name", "text", "kind"?, "tags"?, "scope"?}`.
#[derive(Clone, Debug)]
pub struct Document {
    /// How queries name it.
    pub id: String,
    /// A guideline, knowledge or a tool.
    pub kind: EntryKind,
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Documents of one scope are in one project; queries name the same scope.
    pub scope: String,
}

/// One query: `{"query", "expected": [ids], "scope"?}`.
#[derive(Clone, Debug)]
pub struct Query {
    /// The words.
    pub text: String,
    /// The documents that answer it.
    pub expected: Vec<String>,
    /// Where to look.
    pub scope: String,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Report {
    /// Documents searched.
    pub documents: usize,
    /// Queries asked.
    pub queries: usize,
    /// Share of the expected documents among the first five hits, averaged over the queries.
    pub recall_at_5: f64,
    /// The same among the first ten.
    pub recall_at_10: f64,
    /// Mean of one over the rank of the first expected document; 0 for none among ten.
    pub mean_reciprocal_rank: f64,
    /// Queries with an expected document missing from the first ten, and what came instead.
    pub missed: Vec<(String, Vec<String>)>,
}

impl Report {
    /// The report as a JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "documents": self.documents,
            "queries": self.queries,
            "recallAt5": self.recall_at_5,
            "recallAt10": self.recall_at_10,
            "mrr": self.mean_reciprocal_rank,
            "missed": self.missed.iter().map(|(query, hits)| json!({"query": query, "hits": hits})).collect::<Vec<_>>(),
        })
    }

    /// The report for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = format!(
            "documents  queries  recall@5  recall@10    MRR\n{:>9}  {:>7}  {:>8.3}  {:>9.3}  {:>5.3}\n",
            self.documents, self.queries, self.recall_at_5, self.recall_at_10, self.mean_reciprocal_rank
        );
        for (query, hits) in &self.missed {
            out.push_str(&format!("missed: {query:?} found {}\n", hits.join(", ")));
        }
        out
    }
}

/// Reads documents.
///
/// # Errors
/// When the file cannot be read, or a line is no document.
pub fn read_documents(path: &Path) -> io::Result<Vec<Document>> {
    let document = |line: &Value| {
        Some(Document {
            id: text(line, "id")?,
            kind: text(line, "kind").map_or(Some(EntryKind::Knowledge), |kind| kind.parse().ok())?,
            name: text(line, "name")?,
            text: text(line, "text")?,
            tags: line.get("tags").map_or_else(Vec::new, texts),
            scope: text(line, "scope").unwrap_or_default(),
        })
    };
    read_lines(path, document)
}

/// Reads queries.
///
/// # Errors
/// When the file cannot be read, or a line is no query.
pub fn read_queries(path: &Path) -> io::Result<Vec<Query>> {
    let query = |line: &Value| {
        Some(Query {
            text: text(line, "query")?,
            expected: line.get("expected").map(texts).filter(|expected| !expected.is_empty())?,
            scope: text(line, "scope").unwrap_or_default(),
        })
    };
    read_lines(path, query)
}

fn text(line: &Value, field: &str) -> Option<String> {
    line.get(field)?.as_str().map(str::to_owned)
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn read_lines<T>(path: &Path, read: impl Fn(&Value) -> Option<T>) -> io::Result<Vec<T>> {
    let content = std::fs::read_to_string(path)?;
    let lines = content.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).ok().as_ref().and_then(&read).ok_or_else(|| {
            let place = format!("{}:{} is not what is expected there", path.display(), index + 1);
            io::Error::new(io::ErrorKind::InvalidData, place)
        })
    };
    lines.map(parse).collect()
}

/// Documents in a daemon, and which entry each became.
#[derive(Debug)]
pub struct Collection {
    projects: HashMap<String, ScopeRef>,
    documents: HashMap<Id, String>,
}

impl Collection {
    /// Puts the documents into the daemon: one project for each of their scopes.
    ///
    /// # Panics
    /// When the daemon refuses one.
    #[must_use]
    pub fn load(wire: &mut Wire, documents: &[Document]) -> Self {
        let mut collection = Self { projects: HashMap::new(), documents: HashMap::new() };
        for document in documents {
            collection.projects.entry(document.scope.clone()).or_insert_with(|| {
                let id = requests::new_id();
                wire.call(&requests::create_project(id, &format!("recall {}", document.scope)));
                ScopeRef::project(id)
            });
        }
        for batch in documents.chunks(BATCH) {
            let entries =
                batch.iter().map(|document| AddEntry { id: None, draft: collection.draft(document) });
            let request = Request::BulkAddEntries(BulkAddEntries { entries: entries.collect() });
            let Response::BulkWritten(written) = wire.call(&request) else { panic!("not written") };
            for (document, written) in batch.iter().zip(written) {
                collection.documents.insert(written.id, document.id.clone());
            }
        }
        collection
    }

    fn draft(&self, document: &Document) -> EntryDraft {
        let text = document.text.clone();
        let body = match document.kind {
            EntryKind::Guideline => EntryBody::Guideline {
                content: text,
                priority: 50,
                rationale: None,
                examples: None,
                verification_rules: None,
            },
            EntryKind::Knowledge => EntryBody::Knowledge {
                content: text,
                confidence: 1.0,
                source: None,
                valid_from_ms: None,
                valid_until_ms: None,
                invalidated_by: None,
            },
            EntryKind::Tool => {
                EntryBody::Tool { description: text, parameters: None, examples: None, constraints: None }
            }
        };
        let draft = requests::draft(self.projects[&document.scope], &document.name, body);
        EntryDraft { tags: document.tags.clone(), ..draft }
    }

    /// The ids of the documents that a query finds, best first.
    ///
    /// # Panics
    /// When the daemon refuses the query.
    #[must_use]
    pub fn find(&self, wire: &mut Wire, query: &str, scope: &str) -> Vec<String> {
        let request = Request::Search(requests::search(query, self.projects.get(scope).copied()));
        let Response::SearchPage(page) = wire.call(&request) else { panic!("no page for {query:?}") };
        page.hits.iter().filter_map(|hit| self.documents.get(&hit.id).cloned()).collect()
    }

    /// Asks the queries and counts.
    #[must_use]
    pub fn measure(&self, wire: &mut Wire, queries: &[Query]) -> Report {
        let (mut at_5, mut at_10, mut reciprocal) = (0.0, 0.0, 0.0);
        let mut missed = Vec::new();
        for query in queries {
            let mut hits = self.find(wire, &query.text, &query.scope);
            hits.truncate(DEPTH);
            at_5 += share(&query.expected, &hits[..hits.len().min(5)]);
            let found = share(&query.expected, &hits);
            at_10 += found;
            let rank = hits.iter().position(|hit| query.expected.contains(hit));
            reciprocal += rank.map_or(0.0, |rank| 1.0 / ratio_part(rank + 1));
            if found < 1.0 {
                missed.push((query.text.clone(), hits));
            }
        }
        let count = ratio_part(queries.len().max(1));
        Report {
            documents: self.documents.len(),
            queries: queries.len(),
            recall_at_5: at_5 / count,
            recall_at_10: at_10 / count,
            mean_reciprocal_rank: reciprocal / count,
            missed,
        }
    }
}

fn share(expected: &[String], hits: &[String]) -> f64 {
    let found = expected.iter().filter(|id| hits.contains(id)).count();
    ratio_part(found) / ratio_part(expected.len())
}

#[allow(clippy::cast_precision_loss, reason = "counts of documents are small")]
const fn ratio_part(count: usize) -> f64 {
    count as f64
}
