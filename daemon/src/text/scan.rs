//! The scanner: cuts text into words, identifiers into their parts, and unspaced scripts into
//! pairs of characters. One pass, linear in the text.

use super::{
    TERM_CHARS_MAX,
    fold::{continues_run, continues_word, fold_into, is_emoji, is_joiner, is_unspaced, starts_word},
    joined::Joined,
};

/// What a piece of text is to its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// A word, or a part of an identifier.
    Word,
    /// A whole identifier or path whose parts were given before.
    Compound,
    /// One character of a longer run, whose pairs are given too.
    Character,
}

/// A folded piece of text, not yet stemmed, and where it stands in the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) kind: PieceKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Gives every piece of the text, in order, to `sink`.
pub(super) fn scan(text: &str, sink: &mut impl FnMut(Piece<'_>)) {
    let mut scanner = Scanner { text, sink, folded: String::new() };
    let mut at = 0;
    while let Some(c) = char_at(text, at) {
        at = if let Some(end) = plain_word_end(text.as_bytes(), at) {
            scanner.emit(&text[at..end], PieceKind::Word, at, end);
            end
        } else if is_unspaced(c) {
            scanner.run(at)
        } else if starts_word(c) {
            scanner.chunk(at)
        } else {
            let end = at + c.len_utf8();
            if is_emoji(c) {
                (scanner.sink)(Piece { text: &text[at..end], kind: PieceKind::Word, start: at, end });
            }
            end
        };
    }
}

/// Where a word ends that is a term as it stands: lowercase letters with nothing attached. Most
/// words of most texts are such, and need neither folding nor memory.
fn plain_word_end(bytes: &[u8], start: usize) -> Option<usize> {
    let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let end = start + length;
    let after = bytes.get(end).copied().unwrap_or(b' ');
    let is_alone = match after {
        b' ' | b'\n' | b',' | b';' | b')' => true,
        b'.' | b':' => bytes.get(end + 1).is_none_or(u8::is_ascii_whitespace),
        _ => false,
    };
    (length > 0 && is_alone).then_some(end)
}

fn char_at(text: &str, at: usize) -> Option<char> {
    match text.as_bytes().get(at) {
        Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
        Some(_) => text[at..].chars().next(),
        None => None,
    }
}

fn end_while(text: &str, from: usize, belongs: fn(char) -> bool) -> usize {
    let mut at = from;
    while let Some(c) = char_at(text, at).filter(|c| belongs(*c)) {
        at += c.len_utf8();
    }
    at
}

struct Scanner<'a, F> {
    text: &'a str,
    sink: &'a mut F,
    folded: String,
}

impl<F: FnMut(Piece<'_>)> Scanner<'_, F> {
    /// Words that joiners hold together: an identifier, a path, a host name, a version, or just a
    /// word. Returns where it ends.
    fn chunk(&mut self, start: usize) -> usize {
        let (mut chunk, mut component) = (Joined::at(start), Joined::at(start));
        let mut components = 1;
        let mut at = start;
        loop {
            at = self.word(at, &mut component, &mut chunk);
            let next = end_while(self.text, at, is_joiner);
            if next == at || next - at > 3 || !char_at(self.text, next).is_some_and(starts_word) {
                break;
            }
            if self.text[at..next].bytes().any(|byte| byte != b'_' && byte != b'-') {
                self.compound(&mut component, at);
                component = Joined::at(next);
                components += 1;
            }
            at = next;
        }
        self.compound(&mut component, at);
        if components > 1 {
            self.compound(&mut chunk, at);
        }
        self.sharp_or_plus(start, at);
        at
    }

    /// Gives the whole of what has several parts.
    fn compound(&mut self, joined: &mut Joined, end: usize) {
        if joined.parts > 1 {
            let start = joined.start;
            self.emit(joined.whole(), PieceKind::Compound, start, end);
        }
    }

    /// One word, cut where its case changes. Returns where it ends.
    fn word(&mut self, start: usize, component: &mut Joined, chunk: &mut Joined) -> usize {
        let end = end_while(self.text, start, continues_word);
        let mut word = Joined::at(start);
        let mut from = start;
        while from < end {
            let until = from + part_length(&self.text[from..end]);
            self.part(from, until, &mut word);
            from = until;
        }
        let end = self.after_apostrophe(end);
        self.compound(&mut word, end);
        if word.parts > 0 {
            component.push(&word.text);
            chunk.push(&word.text);
        }
        end
    }

    fn part(&mut self, start: usize, end: usize, word: &mut Joined) {
        let mut folded = std::mem::take(&mut self.folded);
        folded.clear();
        fold_into(&self.text[start..end], &mut folded);
        let (word_end, ending) = self.contraction(end);
        folded.push_str(ending);
        if !folded.is_empty() {
            word.push(&folded);
            self.emit(&folded, PieceKind::Word, start, word_end);
            let letters = folded.bytes().take_while(u8::is_ascii_lowercase).count();
            if letters >= 3 && letters < folded.len() && folded[letters..].bytes().all(|b| b.is_ascii_digit())
            {
                self.emit(&folded[..letters], PieceKind::Word, start, end);
            }
        }
        self.folded = folded;
    }

    /// `don't` is `dont`; the endings of `user's` and `we're` say nothing and go.
    fn contraction(&self, end: usize) -> (usize, &'static str) {
        let after = self.after_apostrophe(end);
        if after > end && self.text[..after].ends_with(['t', 'T']) { (after, "t") } else { (end, "") }
    }

    fn after_apostrophe(&self, end: usize) -> usize {
        let Some(quote) = char_at(self.text, end).filter(|c| matches!(c, '\'' | '’')) else { return end };
        let tail = end + quote.len_utf8();
        let tail_end = end_while(self.text, tail, continues_word);
        let is_ending = ["s", "t", "re", "ve", "ll", "d", "m"]
            .iter()
            .any(|ending| ending.eq_ignore_ascii_case(&self.text[tail..tail_end]));
        if is_ending { tail_end } else { end }
    }

    /// `C#` and `C++` are more than the letter.
    fn sharp_or_plus(&mut self, start: usize, end: usize) {
        let rest = &self.text[end..];
        let (name, length) = match () {
            () if end - start != 1 => return,
            () if rest.starts_with("++") => ("plusplus", 2),
            () if rest.starts_with('#') => ("sharp", 1),
            () => return,
        };
        if !char_at(self.text, end + length).is_some_and(starts_word) {
            let whole = format!("{}{name}", self.text[start..end].to_ascii_lowercase());
            self.emit(&whole, PieceKind::Compound, start, end + length);
        }
    }

    /// A run of an unspaced script: every character and every pair. Returns where it ends.
    fn run(&mut self, start: usize) -> usize {
        let end = end_while(self.text, start, continues_run);
        let mut folded = String::new();
        fold_into(&self.text[start..end], &mut folded);
        let chars: Vec<(usize, char)> = folded.char_indices().collect();
        let kind = if chars.len() > 1 { PieceKind::Character } else { PieceKind::Word };
        for (index, (from, c)) in chars.iter().enumerate() {
            let until = from + c.len_utf8();
            self.emit(&folded[*from..until], kind, start, end);
            if let Some((_, next)) = chars.get(index + 1) {
                self.emit(&folded[*from..until + next.len_utf8()], PieceKind::Word, start, end);
            }
        }
        end
    }

    fn emit(&mut self, text: &str, kind: PieceKind, start: usize, end: usize) {
        let is_long = text.len() > TERM_CHARS_MAX;
        let cut = if is_long { text.char_indices().nth(TERM_CHARS_MAX).map(|(at, _)| at) } else { None };
        (self.sink)(Piece { text: &text[..cut.unwrap_or(text.len())], kind, start, end });
    }
}

/// Bytes of the first part of a word: `getUser` is `get` and `User`, `HTTPServer` is `HTTP` and
/// `Server`, `http2Server` is `http2` and `Server`; `IDs` and `utf8` are one.
fn part_length(word: &str) -> usize {
    let mut chars = word.char_indices().peekable();
    let mut before: Option<char> = None;
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let starts_part = match before {
            Some(before) if c.is_uppercase() => {
                !before.is_uppercase()
                    || next.is_some_and(char::is_lowercase) && !is_plural_acronym(&word[at..])
            }
            _ => false,
        };
        if starts_part {
            return at;
        }
        before = Some(c);
    }
    word.len()
}

fn is_plural_acronym(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    chars.next() == Some('s') && chars.next().is_none_or(|c| c.is_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<String> {
        let mut pieces = Vec::new();
        scan(text, &mut |piece| pieces.push(piece.text.to_owned()));
        pieces
    }

    #[test]
    fn identifiers_give_their_parts_and_themselves() {
        for (text, expected) in [
            ("getUserById", "get user by id getuserbyid"),
            ("snake_case", "snake case snakecase"),
            ("test_getUser", "test get user getuser testgetuser"),
            ("kebab-case-name", "kebab case name kebabcasename"),
            ("HTTPServer", "http server httpserver"),
            ("http2Server", "http2 http server http2server"),
            ("userIDs", "user ids userids"),
            ("src/store/write_ahead.rs", "src store write ahead writeahead rs srcstorewriteaheadrs"),
            ("std::sync::Arc", "std sync arc stdsyncarc"),
            ("node.js", "node js nodejs"),
            ("SQLite", "sq lite sqlite"),
            ("utf8", "utf8 utf"),
            ("utf-8", "utf 8 utf8"),
            ("v1.2.3", "v1 2 3 v123"),
            ("1.2.3", "1 2 3 1·2·3"),
            ("2026-01-31", "2026 01 31 2026·01·31"),
            ("C++ and C#, F#.", "c cplusplus and c csharp f fsharp"),
            ("don't use the user's", "dont use the user"),
            ("end. Start", "end start"),
            ("Ünïcode-Wörter", "unicode worter unicodeworter"),
        ] {
            assert_eq!(pieces(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn plain_words_are_what_the_long_way_makes_of_them() {
        for end in ["", " ", ".", ". ", ".\n", ", x", ";", ":", ")"] {
            assert_eq!(pieces(&format!("word{end}"))[0], "word", "{end:?}");
        }
        assert_eq!(pieces("a.b c's c:d e-f"), ["a", "b", "ab", "c", "c", "d", "cd", "e", "f", "ef"]);
        assert_eq!(pieces("naïve"), ["naive"]);
    }

    #[test]
    fn unspaced_scripts_give_characters_and_pairs() {
        assert_eq!(pieces("東京都 test"), ["東", "東京", "京", "京都", "都", "test"]);
        assert_eq!(pieces("a東b"), ["a", "東", "b"]);
        assert_eq!(pieces("🚀 launch"), ["🚀", "launch"]);
    }

    #[test]
    fn long_terms_are_cut() {
        let text = "x".repeat(500);
        assert_eq!(pieces(&text), ["x".repeat(TERM_CHARS_MAX)]);
        let path = "part/".repeat(100) + "end";
        assert!(pieces(&path).iter().all(|piece| piece.chars().count() <= TERM_CHARS_MAX));
    }
}
