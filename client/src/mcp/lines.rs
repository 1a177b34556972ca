//! Lines of bounded length from a stream. A longer one is read to its end and reported with its
//! edges, so that its message can still be answered.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

const READ_BYTES: usize = 8 * 1024;
/// Bytes kept of either end of a line that is too long.
const EDGE_BYTES: usize = 256;
/// A buffer that grew beyond this is given back after use.
const KEPT_BYTES: usize = 64 * 1024;

/// What [`Lines::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// A line without its end.
    Whole(&'a [u8]),
    /// The edges of a line that was too long.
    TooLong {
        /// Its first bytes.
        head: &'a [u8],
        /// Its last bytes.
        tail: &'a [u8],
    },
}

impl Line<'_> {
    /// How much was read for it at least, in bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Whole(line) => line.len(),
            Self::TooLong { .. } => usize::MAX,
        }
    }
}

/// Reads lines of at most `max` bytes.
#[derive(Debug)]
pub(super) struct Lines<R> {
    read: BufReader<R>,
    max: usize,
    line: Vec<u8>,
    tail: Vec<u8>,
    /// Inside a line that is too long: `line` holds its head, `tail` its end so far.
    is_over: bool,
    /// The buffers belong to a line that was handed out.
    is_taken: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(read: R, max: usize) -> Self {
        let read = BufReader::with_capacity(READ_BYTES, read);
        Self { read, max, line: Vec::new(), tail: Vec::new(), is_over: false, is_taken: false }
    }

    /// The next line; `None` at the end of the stream, where an unfinished line is dropped. Safe to
    /// cancel: nothing is lost.
    pub(super) async fn next(&mut self) -> Option<Line<'_>> {
        self.start_over();
        loop {
            let chunk = self.read.fill_buf().await.ok().filter(|chunk| !chunk.is_empty())?;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if !self.is_over && self.line.len() + part.len() > self.max {
                self.is_over = true;
                let missing = EDGE_BYTES.saturating_sub(self.line.len());
                self.line.extend_from_slice(&part[..missing.min(part.len())]);
                self.line.truncate(EDGE_BYTES);
                self.line.shrink_to_fit();
            }
            if self.is_over {
                self.tail.extend_from_slice(&part[part.len().saturating_sub(EDGE_BYTES)..]);
                let surplus = self.tail.len().saturating_sub(EDGE_BYTES);
                self.tail.drain(..surplus);
            } else {
                self.line.extend_from_slice(part);
            }
            let consumed = end.map_or(chunk.len(), |at| at + 1);
            self.read.consume(consumed);
            if end.is_some() {
                break;
            }
        }
        self.is_taken = true;
        Some(if self.is_over {
            Line::TooLong { head: &self.line, tail: &self.tail }
        } else {
            Line::Whole(&self.line)
        })
    }

    /// Empties the buffers of the line before, and gives large ones back.
    fn start_over(&mut self) {
        if !std::mem::take(&mut self.is_taken) {
            return;
        }
        self.is_over = false;
        self.tail = Vec::new();
        if self.line.capacity() > KEPT_BYTES {
            self.line = Vec::new();
        } else {
            self.line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_one_by_one_and_an_unfinished_one_is_dropped() {
        let mut lines = Lines::new(&b"one\n\ntwo\nrest"[..], 10);
        assert_eq!(lines.next().await, Some(Line::Whole(b"one")));
        assert_eq!(lines.next().await, Some(Line::Whole(b"")));
        assert_eq!(lines.next().await, Some(Line::Whole(b"two")));
        assert_eq!(lines.next().await, None);
    }

    #[tokio::test]
    async fn a_long_line_is_reported_by_its_edges_and_the_next_is_whole() {
        let mut input = vec![b'a'; 300];
        input.extend(vec![b'b'; 20_000]);
        input.extend(vec![b'c'; 300]);
        input.extend(b"\nnext\n");
        let mut lines = Lines::new(&input[..], 1_000);
        match lines.next().await {
            Some(Line::TooLong { head, tail }) => {
                assert_eq!(head, [b'a'; EDGE_BYTES]);
                assert_eq!(tail, [b'c'; EDGE_BYTES]);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(lines.next().await, Some(Line::Whole(b"next")));
    }
}
