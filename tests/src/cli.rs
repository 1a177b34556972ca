//! One run of the command line.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::instance::Instance;

/// What a command did.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The command, for messages.
    pub line: String,
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Ran {
    /// Asserts that it succeeded.
    ///
    /// # Panics
    /// When it did not.
    #[must_use]
    pub fn ok(self) -> Self {
        self.code_is(0)
    }

    /// Asserts its exit code.
    ///
    /// # Panics
    /// When it is another one.
    #[must_use]
    pub fn code_is(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\nout: {}\nerr: {}", self.line, self.out, self.err);
        self
    }

    /// Its output as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{}: {error}\nout: {}\nerr: {}", self.line, self.out, self.err))
    }
}

impl Instance {
    /// Runs a command line, as in `instance.run(["guideline", "list"])`.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn run<I: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Ran {
        self.run_with_input(arguments, b"")
    }

    /// Runs a command line that must succeed, with `--json`, and returns what it printed.
    ///
    /// # Panics
    /// When it fails or prints no JSON.
    pub fn json<I: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Value {
        let mut all: Vec<std::ffi::OsString> = vec!["--json".into()];
        all.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self.run(all).ok().json()
    }

    /// Runs a command line with something on its standard input.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn run_with_input<I: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = I>,
        input: &[u8],
    ) -> Ran {
        finish(self.client_command(arguments), input)
    }
}

fn finish(mut command: Command, input: &[u8]) -> Ran {
    let line = format!("{command:?}");
    let line =
        line.rsplit_once("agent-memory\"").map_or(line.clone(), |(_, rest)| format!("agent-memory{rest}"));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{line}: {error}"));
    let mut stdin = child.stdin.take().expect("it was piped");
    // A command that does not read its input closes it early; that is no failure.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().expect("a child can be waited for");
    Ran {
        line,
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("the output is text"),
        err: String::from_utf8(output.stderr).expect("the errors are text"),
    }
}
