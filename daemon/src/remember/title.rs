//! Titles: the first sentence of a text, short, on one line.

/// Longest title, in characters.
pub(super) const CHARS_MAX: usize = 80;

/// The title of a text.
pub(super) fn of(text: &str) -> String {
    let line = first_line(text);
    let sentence = first_sentence(&line);
    let title = clip(sentence.trim_end_matches(['.', '。', ':', ';', ',', ' ']));
    if title.is_empty() { clip(&line) } else { title }
}

/// The first line that says something, without list marks and quotes, its spaces made single.
fn first_line(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line =
            line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '*' | '#' | '>' | '•'));
        line.split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    });
    let mut lines = lines.filter(|line| !line.is_empty());
    lines.next().unwrap_or_else(|| "note".to_owned())
}

/// Up to the first full stop that ends a sentence: not the one of `e.g.` or of a file name.
fn first_sentence(line: &str) -> &str {
    let mut before = "";
    for (at, c) in line.char_indices() {
        let next = &line[at + c.len_utf8()..];
        let is_end = match c {
            '。' | '！' | '？' => true,
            '.' | '!' | '?' => (next.is_empty() || next.starts_with(' ')) && !is_abbreviation(before, next),
            _ => false,
        };
        if is_end {
            return &line[..at + c.len_utf8()];
        }
        if c == ' ' {
            before = &line[at + 1..];
        }
    }
    line
}

fn is_abbreviation(word_and_rest: &str, next: &str) -> bool {
    let word = word_and_rest.strip_suffix(next).unwrap_or(word_and_rest).trim_end_matches('.');
    let word = word.trim_start_matches('(');
    ["e.g", "i.e", "etc", "vs", "cf", "approx"].iter().any(|short| short.eq_ignore_ascii_case(word))
}

/// Cut at a word boundary, with `…` where it was cut.
pub(super) fn clip(text: &str) -> String {
    let Some((cut, _)) = text.char_indices().nth(CHARS_MAX) else { return text.to_owned() };
    let fits = &text[..text[..cut].char_indices().next_back().map_or(0, |(at, _)| at)];
    let at_word = fits.rfind(' ').filter(|at| *at > fits.len() / 2).unwrap_or(fits.len());
    format!("{}…", fits[..at_word].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_is_cut_at_a_word() {
        assert_eq!(of("One. Two."), "One");
        assert_eq!(of("\n\n# Heading\ntext"), "Heading");
        assert_eq!(of("Ask ops (e.g. Mia) first. Then go."), "Ask ops (e.g. Mia) first");
        let long = of(&"word ".repeat(40));
        assert!(long.ends_with("word…") && long.chars().count() <= CHARS_MAX, "{long}");
        assert_eq!(of(&"x".repeat(200)).chars().count(), CHARS_MAX);
        assert_eq!(of("..."), "...");
        assert_eq!(of(" \n"), "note");
    }
}
