//! How far an export or import is: a bar or a counter on stderr, if that is a terminal.

use std::{io::IsTerminal, time::Duration};

use agent_memory_client::transfer::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// Shows it.
pub(crate) struct Shown {
    bar: ProgressBar,
    done: &'static str,
}

impl Shown {
    /// `done` says what becomes of entries, as `read`.
    pub(crate) fn new(done: &'static str, is_silent: bool) -> Self {
        let is_shown = !is_silent && std::io::stderr().is_terminal();
        let bar = if is_shown { ProgressBar::no_length() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} entries {msg}") {
            bar.set_style(style);
        }
        bar.set_message(done);
        Self { bar, done }
    }

    /// So many of so many.
    pub(crate) fn at(&mut self, entries: u64, total: Option<u64>) {
        if let Some(total) = total.filter(|_| self.bar.length().is_none()) {
            self.bar.set_length(total);
            let template = "{bar:30} {human_pos}/{human_len} entries {msg} {per_sec} {eta}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style);
            }
            self.bar.set_message(self.done);
        }
        self.bar.set_position(entries);
    }

    /// Takes it away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Shown {
    fn handed_over(&mut self, entries: u64) {
        self.at(entries, None);
    }

    fn storing(&mut self, entries: u64) {
        self.bar.set_position(entries);
        self.bar.set_message("read; the daemon stores them");
        self.bar.enable_steady_tick(Duration::from_millis(100));
    }
}
