//! How far a copy is: a bar on a terminal, a line for each step otherwise.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::store::copy::Progress;

/// Between two lines of one step.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// What shows it on stderr.
pub(super) fn shown(is_terminal: bool) -> Box<dyn Progress> {
    if is_terminal { Box::new(Bar(ProgressBar::no_length())) } else { Box::new(Lines::default()) }
}

struct Bar(ProgressBar);

impl Progress for Bar {
    fn begin(&mut self, step: &str, rows: u64) {
        let style = ProgressStyle::with_template("{msg:32} {bar:30} {human_pos}/{human_len} {per_sec} {eta}");
        self.0.finish_and_clear();
        self.0 = ProgressBar::new(rows);
        if let Ok(style) = style {
            self.0.set_style(style);
        }
        self.0.set_message(step.to_owned());
    }

    fn advance(&mut self, rows: u64) {
        self.0.inc(rows);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[derive(Default)]
struct Lines {
    step: String,
    rows: u64,
    done: u64,
    said_at: Option<Instant>,
}

impl Progress for Lines {
    fn begin(&mut self, step: &str, rows: u64) {
        *self = Self { step: step.to_owned(), rows, done: 0, said_at: Some(Instant::now()) };
        eprintln!("{step}: {rows} rows");
    }

    fn advance(&mut self, rows: u64) {
        self.done += rows;
        if self.said_at.is_none_or(|at| at.elapsed() >= LINE_EVERY) {
            self.said_at = Some(Instant::now());
            eprintln!("{}: {} of {} rows", self.step, self.done, self.rows);
        }
    }
}
