//! Compares an answer with what the model says. What nobody can predict is looked at here: that it makes
//! sense, and that it is the same the next time.

use agent_memory_proto::{
    Response,
    model::{Id, Version},
    response::{Hit, SearchPage},
};

use super::{Asked, Model, NOT_SEEN, Predicted, Refusal, seen::Seen};

/// Whether daemon and model agree; if not, both answers.
pub type Verdict = Result<(), String>;

/// Longest snippet, in characters.
const SNIPPET_CHARS_MAX: usize = 240;

impl Model {
    /// Compares the answer to a request with its own, and takes the request into account.
    ///
    /// # Errors
    /// Both answers, when they differ.
    pub fn check(&mut self, asked: &Asked, answer: &Response) -> Verdict {
        let predicted = self.answer(asked, &Seen::in_answer(answer));
        self.learn_versions(answer)?;
        let predicted = predicted.map(|response| self.with_learned(response));
        let answered: Predicted = match answer {
            Response::Error(error) => Err(Refusal::from(error)),
            other => Ok(sensible(other.clone())?),
        };
        if same(&predicted, &answered) {
            return Ok(());
        }
        Err(format!("{asked:#?}\nis answered {answer:#?}\nand should be {predicted:#?}"))
    }

    /// Compares all the pages of a search, followed by its cursors.
    ///
    /// # Errors
    /// Both answers, when they differ.
    pub fn check_pages(&mut self, asked: &Asked, pages: Vec<SearchPage>, limit: u32) -> Verdict {
        let mut whole =
            SearchPage { hits: Vec::new(), next_cursor: None, terms: Vec::new(), ignored_terms: 0 };
        let last = pages.len().saturating_sub(1);
        for (number, page) in pages.into_iter().enumerate() {
            let is_full = page.hits.len() == limit as usize;
            if (number < last && !is_full) || page.hits.len() > limit as usize {
                return Err(format!("page {number} of {asked:?} has {} hits", page.hits.len()));
            }
            whole.hits.extend(page.hits);
            whole.terms = page.terms;
        }
        self.check(asked, &Response::SearchPage(whole))
    }

    /// Takes over the ids of versions that were not known.
    fn learn_versions(&mut self, answer: &Response) -> Verdict {
        let shown: Vec<(Id, &Version)> = match answer {
            Response::Entry(entry) => vec![(entry.id, &entry.version)],
            Response::Entries(page) => page.entries.iter().map(|one| (one.id, &one.version)).collect(),
            Response::History(history) => {
                history.versions.iter().map(|version| (history.entry_id, version)).collect()
            }
            _ => Vec::new(),
        };
        for (entry, version) in shown {
            let Some(kept) = self.entries.get_mut(&entry) else { continue };
            let Some(known) = kept.version(version.number) else { continue };
            if known.id == NOT_SEEN {
                known.id = version.id;
                if !self.version_ids.insert(version.id) {
                    return Err(format!("two versions have the id {}", version.id));
                }
            }
        }
        Ok(())
    }

    /// The ids of versions that this very answer showed first.
    fn with_learned(&mut self, mut response: Response) -> Response {
        let mut learn = |entry: Id, version: &mut Version| {
            let kept = self.entries.get_mut(&entry);
            if let Some(known) = kept.and_then(|kept| kept.version(version.number)) {
                version.id = known.id;
            }
        };
        match &mut response {
            Response::Entry(entry) => learn(entry.id, &mut entry.version),
            Response::Entries(page) => {
                page.entries.iter_mut().for_each(|one| learn(one.id, &mut one.version))
            }
            Response::History(history) => {
                let entry = history.entry_id;
                history.versions.iter_mut().for_each(|version| learn(entry, version));
            }
            _ => {}
        }
        response
    }
}

/// The answer without what nobody can predict, if that makes sense.
fn sensible(mut answer: Response) -> Result<Response, String> {
    match &mut answer {
        Response::Remembered(remembered) => {
            let likely = remembered.similar.iter().all(|one| (0.0..=1.0).contains(&one.similarity));
            if remembered.inferred_by.is_empty() || remembered.similar.len() > 3 || !likely {
                return Err(format!("{remembered:?}"));
            }
            remembered.inferred_by.clear();
            // They are looked for anew each time.
            remembered.similar.clear();
        }
        Response::SearchPage(page) => {
            let mut before = f64::INFINITY;
            for hit in &mut page.hits {
                let is_line =
                    hit.snippet.chars().count() <= SNIPPET_CHARS_MAX && !hit.snippet.contains(['\n', '\r']);
                if !is_line || !hit.score.is_finite() || hit.score > before {
                    return Err(format!("{hit:?} after a score of {before}"));
                }
                before = hit.score;
                hit.snippet.clear();
                hit.score = 0.0;
            }
        }
        _ => {}
    }
    Ok(answer)
}

/// Hits that were found by words come in an order that is not predicted.
fn same(predicted: &Predicted, answered: &Predicted) -> bool {
    match (predicted, answered) {
        (Ok(Response::SearchPage(one)), Ok(Response::SearchPage(other))) if !one.terms.is_empty() => {
            one.terms == other.terms
                && one.ignored_terms == other.ignored_terms
                && by_id(&one.hits) == by_id(&other.hits)
        }
        _ => predicted == answered,
    }
}

fn by_id(hits: &[Hit]) -> Vec<&Hit> {
    let mut hits: Vec<&Hit> = hits.iter().collect();
    hits.sort_by_key(|hit| hit.id);
    hits
}
