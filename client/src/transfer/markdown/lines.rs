//! Markdown, divided into what the document is made of: headings, blocks, and everything else.

use std::io::{self, BufRead};

/// A part of a Markdown document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `## name`
    List(String),
    /// `### name`
    Item(String),
    /// `#### Earlier version`
    Version,
    /// A fenced block: what its first line says, and its text without the last end of a line.
    Block { info: String, text: String, raw: String },
    /// A line of anything else, with its end.
    Text(String),
}

/// The parts of an input, in order.
pub(super) struct Parts<R> {
    input: R,
    /// Lines that were read.
    line: usize,
}

impl<R: BufRead> Parts<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: 0 }
    }

    /// The next part and the line on which it begins; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<(usize, Part)>> {
        let Some(line) = self.line()? else { return Ok(None) };
        let at = self.line;
        let structure = line.trim_end();
        let part = if let Some(fence) = Fence::of(structure) {
            self.block(at, &fence, &line)?
        } else if let Some(name) = structure.strip_prefix("## ") {
            Part::List(name.trim().to_owned())
        } else if let Some(name) = structure.strip_prefix("### ") {
            Part::Item(name.trim().to_owned())
        } else if structure == "#### Earlier version" {
            Part::Version
        } else {
            Part::Text(line)
        };
        Ok(Some((at, part)))
    }

    fn block(&mut self, at: usize, fence: &Fence<'_>, first: &str) -> io::Result<Part> {
        let (mut text, mut raw) = (String::new(), first.to_owned());
        loop {
            let Some(line) = self.line()? else {
                return Err(invalid(format!("the block that begins on line {at} does not end")));
            };
            raw.push_str(&line);
            if fence.is_ended_by(line.trim()) {
                break;
            }
            text.push_str(&line);
        }
        if text.ends_with('\n') {
            text.pop();
        }
        Ok(Part::Block { info: fence.info.trim().to_owned(), text, raw })
    }

    /// The next line; its end is `\n`, also where it was that of another system.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        if self.input.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        if bytes.ends_with(b"\r\n") {
            bytes.truncate(bytes.len() - 2);
            bytes.push(b'\n');
        }
        let text = String::from_utf8(bytes);
        text.map(Some).map_err(|_| invalid(format!("line {} is not UTF-8", self.line)))
    }
}

pub(super) fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// The first line of a fenced block.
struct Fence<'a> {
    mark: char,
    length: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let info = line.trim_start_matches(mark);
        let length = line.len() - info.len();
        (length >= 3 && !(mark == '`' && info.contains('`'))).then_some(Self { mark, length, info })
    }

    fn is_ended_by(&self, line: &str) -> bool {
        line.len() >= self.length && line.chars().all(|c| c == self.mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<Part> {
        let mut parts = Parts::new(text.as_bytes());
        let mut all = Vec::new();
        while let Some((_, part)) = parts.next().expect("parts") {
            all.push(part);
        }
        all
    }

    #[test]
    fn headings_in_a_block_are_its_text() {
        let text = "## Tools\r\n### a\n````yaml\n## no\r\n```\n````\n#### Earlier version\nx";
        let block = Part::Block {
            info: "yaml".to_owned(),
            text: "## no\n```".to_owned(),
            raw: "````yaml\n## no\n```\n````\n".to_owned(),
        };
        assert_eq!(
            parts(text),
            [
                Part::List("Tools".to_owned()),
                Part::Item("a".to_owned()),
                block,
                Part::Version,
                Part::Text("x".to_owned())
            ]
        );
    }

    #[test]
    fn a_block_without_an_end_is_told() {
        let error = Parts::new("\n```\nx".as_bytes());
        let mut error = error;
        assert_eq!(error.next().expect("a blank line"), Some((1, Part::Text("\n".to_owned()))));
        let error = error.next().expect_err("no end");
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
