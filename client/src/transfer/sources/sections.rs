//! The sections of a Markdown text: one for each heading that has text of its own, found by a
//! CommonMark parser, so that `#` in a code block is no heading.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd, TextMergeWithOffset};

/// A heading and the text below it, down to the next one that divides.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section<'a> {
    /// The headings from the top to this one; empty for the text before the first. A title, as the
    /// only heading of the first level, is no part of the path of what stands below it.
    pub(super) path: Vec<String>,
    /// The line of the heading in the text, from 1.
    pub(super) line: usize,
    /// The text, without the blank lines around it.
    pub(super) text: &'a str,
}

struct Heading {
    level: HeadingLevel,
    title: String,
    begin: usize,
    end: usize,
}

/// Divides a text at its headings down to the level `deepest`; deeper ones stay in the text.
/// Sections without text are left out.
pub(super) fn sections(text: &str, deepest: HeadingLevel) -> Vec<Section<'_>> {
    let mut headings = headings(text);
    headings.retain(|heading| heading.level <= deepest);
    let title = title(&headings);
    let mut sections = Vec::new();
    let mut path: Vec<(HeadingLevel, &str)> = Vec::new();
    let mut lines = Lines { text, offset: 0, line: 1 };
    let first = headings.first().map_or(text.len(), |heading| heading.begin);
    sections.push(Section { path: Vec::new(), line: 1, text: trimmed(&text[..first]) });
    for (index, heading) in headings.iter().enumerate() {
        path.retain(|(level, _)| *level < heading.level);
        if title != Some(index) {
            path.push((heading.level, &heading.title));
        }
        let end = headings.get(index + 1).map_or(text.len(), |next| next.begin);
        sections.push(Section {
            path: path.iter().map(|(_, title)| (*title).to_owned()).collect(),
            line: lines.at(heading.begin),
            text: trimmed(&text[heading.end..end]),
        });
    }
    sections.retain(|section| !section.text.is_empty());
    sections
}

/// The first level at which a text has two headings or more.
pub(super) fn dividing_level(text: &str) -> Option<HeadingLevel> {
    let headings = headings(text);
    let count = |level| headings.iter().filter(|heading| heading.level == level).count();
    (1..=6).filter_map(|number| HeadingLevel::try_from(number).ok()).find(|level| count(*level) > 1)
}

/// A place where a text asks for another file (`@docs/build.md`), with its line.
pub(super) fn file_imports(text: &str) -> Vec<(usize, String)> {
    let mut imports = Vec::new();
    let mut in_code = false;
    let mut lines = Lines { text, offset: 0, line: 1 };
    for (event, range) in TextMergeWithOffset::new(parser(text).into_offset_iter()) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented)) => {
                in_code = true
            }
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(_) if !in_code => {
                let preceded = text[..range.start].chars().next_back().is_some_and(|c| !c.is_whitespace());
                let words = text[range.clone()].split(char::is_whitespace);
                let words = words.skip(usize::from(preceded));
                for word in words.filter_map(imported_path) {
                    let offset = word.as_ptr() as usize - text.as_ptr() as usize;
                    imports.push((lines.at(offset), word.to_owned()));
                }
            }
            _ => {}
        }
    }
    imports
}

/// The path of a word that asks for a file; a name as `@alice` asks for none.
fn imported_path(word: &str) -> Option<&str> {
    let path = word.strip_prefix('@')?.trim_end_matches(['.', ',', ';', ':', ')', '!', '?']);
    let is_path = path.contains('/') || path.contains('.');
    (is_path && !path.contains('@')).then_some(path)
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// The headings that stand by themselves: none in a quotation or a list.
fn headings(text: &str) -> Vec<Heading> {
    let mut headings: Vec<Heading> = Vec::new();
    let mut depth = 0_usize;
    let mut in_heading = false;
    for (event, range) in parser(text).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if let (0, Tag::Heading { level, .. }) = (depth, &tag) {
                    in_heading = true;
                    let title = String::new();
                    headings.push(Heading { level: *level, title, begin: range.start, end: range.end });
                }
                depth += 1;
            }
            Event::End(_) => {
                depth -= 1;
                in_heading &= depth > 0;
            }
            Event::Text(words) | Event::Code(words) if in_heading => {
                if let Some(heading) = headings.last_mut() {
                    heading.title.push_str(&words);
                }
            }
            _ => {}
        }
    }
    headings
}

/// Which heading is the title of the text: the first one, if it alone is of the first level.
fn title(headings: &[Heading]) -> Option<usize> {
    let tops = headings.iter().filter(|heading| heading.level == HeadingLevel::H1).count();
    (tops == 1 && headings[0].level == HeadingLevel::H1).then_some(0)
}

/// Without the blank lines before, and all blanks after.
fn trimmed(text: &str) -> &str {
    let text = text.trim_end();
    let blank = text.len() - text.trim_start().len();
    let begin = text[..blank].rfind('\n').map_or(0, |newline| newline + 1);
    &text[begin..]
}

/// Counts lines up to offsets that only grow.
struct Lines<'a> {
    text: &'a str,
    offset: usize,
    line: usize,
}

impl Lines<'_> {
    fn at(&mut self, offset: usize) -> usize {
        let passed = self.text.get(self.offset..offset).unwrap_or_default();
        self.line += passed.bytes().filter(|byte| *byte == b'\n').count();
        self.offset = self.offset.max(offset);
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Vec<(String, usize, &str)> {
        let sections = sections(text, HeadingLevel::H3);
        sections.into_iter().map(|section| (section.path.join(" > "), section.line, section.text)).collect()
    }

    #[test]
    fn headings_divide_and_code_does_not() {
        let text = "intro\n\n# Title\n\nAbout.\n\n## Build `it`\n\n    make\n\n```sh\n# no heading\n```\n\
                    ### Tests\nfast\n#### Detail\nmore\n\nSetext\n------\n> # quoted\n\n## Empty\n";
        assert_eq!(
            outline(text),
            [
                (String::new(), 1, "intro"),
                (String::new(), 3, "About."),
                ("Build it".to_owned(), 7, "    make\n\n```sh\n# no heading\n```"),
                ("Build it > Tests".to_owned(), 14, "fast\n#### Detail\nmore"),
                ("Setext".to_owned(), 19, "> # quoted"),
            ]
        );
    }

    #[test]
    fn only_a_single_first_heading_is_a_title() {
        assert_eq!(
            outline("# A\nx\n# B\ny\n## C\nz").iter().map(|s| s.0.as_str()).collect::<Vec<_>>(),
            ["A", "B", "B > C"]
        );
        assert_eq!(outline("## A\nx\n# B\ny").iter().map(|s| s.0.as_str()).collect::<Vec<_>>(), ["A", "B"]);
        assert!(outline("").is_empty());
        assert_eq!(dividing_level("# A\n## B\n### C\n## D"), Some(HeadingLevel::H2));
        assert_eq!(dividing_level("# A\n## B"), None);
    }

    #[test]
    fn imports_are_found_outside_of_code() {
        let text = "See @docs/my_file_name.md, and (@README.md)\n@~/.claude/mine.md\nmail a@b.org, @alice\n\
                    `@not/this.md`\n```\n@nor/this.md\n```\n\\@escaped/x.md";
        assert_eq!(
            file_imports(text),
            [(1, "docs/my_file_name.md".to_owned()), (2, "~/.claude/mine.md".to_owned())]
        );
    }

    #[test]
    fn hostile_texts_end_in_time() {
        for unit in [">", "[", "*a ", "- ", "`", "<", "#\n", "![", "|-\n", "@a/", "_", "1. "] {
            let text = unit.repeat(200_000 / unit.len());
            let _ = (sections(&text, HeadingLevel::H3), file_imports(&text), dividing_level(&text));
        }
    }

    proptest::proptest! {
        /// Whatever the text is: sections are parts of it, in order, and none is blank.
        #[test]
        fn sections_are_parts_of_the_text(text in "([#>*`@.a-é \\n\\r\\t<!\\[\\]()_~=|-]|---\n|```\n|## ){0,60}") {
            let mut last_line = 0;
            for section in sections(&text, HeadingLevel::H3) {
                assert!(!section.text.trim().is_empty());
                assert!(section.line >= last_line && section.line <= text.lines().count());
                last_line = section.line;
            }
            for (line, path) in file_imports(&text) {
                assert!(text.lines().nth(line - 1).is_some_and(|text| text.contains(&path)), "{line} {path:?}");
            }
            if let Ok(document) = crate::transfer::sources::front_matter::divide(&text) {
                assert!(text.ends_with(document.body));
            }
        }
    }
}
