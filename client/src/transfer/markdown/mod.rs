//! The document as Markdown: a list is a heading of the second level, an item one of the third, an earlier
//! version one of the fourth. Below each, a block of YAML with its fields, and a block with its text.

mod lines;
mod read;
mod write;

pub use read::MarkdownSource;
pub use write::MarkdownWriter;

/// The field of a version that is written as a block of its own.
const TEXTS: [&str; 2] = ["content", "description"];

/// Whether a block carries that text as it is: no characters that editors and pagers change.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(c, '\n' | '\t') || !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
    })
}

/// Whether a heading carries that name as it is, for people and for whoever reads it again.
fn is_heading(name: &str) -> bool {
    let is_special = |c: char| matches!(c, '\\' | '`' | '*' | '<' | '>' | '[' | ']' | '&');
    !name.is_empty()
        && name.trim() == name
        && !name.ends_with('#')
        && is_plain(name)
        && !name.contains(|c: char| matches!(c, '\n' | '\t') || is_special(c))
}
