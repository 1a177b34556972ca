//! Front matter: the YAML block at the head of a Markdown file.

use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// Longer blocks are text, not front matter, in bytes.
const BYTES_MAX: usize = 16 * 1024;
/// Most values in a block, counted after its aliases are followed.
const NODES_MAX: usize = 2_000;
const DEPTH_MAX: usize = 16;

/// A file, divided.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Document<'a> {
    /// What its front matter says; nothing when it has none.
    pub(super) front: FrontMatter,
    /// Whether it has front matter.
    pub(super) has_front: bool,
    /// The text after it.
    pub(super) body: &'a str,
    /// The line on which the body begins, from 1.
    pub(super) line: usize,
}

/// The fields that the importers know.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct FrontMatter {
    pub(super) title: Option<String>,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) category: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(deserialize_with = "words")]
    pub(super) tags: Vec<String>,
    /// Everything else, as it is.
    #[serde(skip)]
    pub(super) rest: Map<String, Value>,
}

const KNOWN: [&str; 6] = ["title", "name", "description", "category", "type", "tags"];

/// Divides a file into its front matter and its text. An error says on which line what is wrong.
pub(super) fn divide(text: &str) -> Result<Document<'_>, (usize, String)> {
    let whole = Document { body: text, line: 1, ..Document::default() };
    let Some((yaml, body, line)) = split(text) else { return Ok(whole) };
    let wrong = |error: serde_saphyr::Error| (2, format!("front matter that is no YAML: {}", reason(&error)));
    let options = || {
        serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_nodes: NODES_MAX, max_depth: DEPTH_MAX, max_documents: 1 },
            with_snippet: false,
        }
    };
    let mut rest = match serde_saphyr::from_str_with_options(yaml, options()).map_err(wrong)? {
        Value::Object(fields) => fields,
        Value::Null => Map::new(),
        // Text between two rules is no front matter.
        _ => return Ok(whole),
    };
    rest.retain(|field, _| !KNOWN.contains(&field.as_str()));
    let front = serde_saphyr::from_str_with_options::<Option<FrontMatter>>(yaml, options()).map_err(wrong)?;
    let front = FrontMatter { rest, ..front.unwrap_or_default() };
    Ok(Document { front, has_front: true, body, line })
}

/// The block, the text after it, and the line on which that begins.
fn split(text: &str) -> Option<(&str, &str, usize)> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next()?;
    if first.trim_end() != "---" {
        return None;
    }
    let mut end = first.len();
    for (number, line) in lines.enumerate() {
        let begin = end;
        end += line.len();
        if begin > BYTES_MAX {
            return None;
        }
        if matches!(line.trim_end(), "---" | "...") {
            return Some((&text[first.len()..begin], &text[end..], number + 3));
        }
    }
    None
}

/// The first line of the parser's message.
fn reason(error: &serde_saphyr::Error) -> String {
    super::gathered::one_line(error.to_string().lines().next().unwrap_or_default())
}

/// A list of words, or one text with commas between them.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Words;
    impl<'de> Visitor<'de> for Words {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("tags as a list, or as one text with commas")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(text.split(',').map(|word| word.trim().to_owned()).collect())
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<Vec<String>, E> {
            Ok(vec![number.to_string()])
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Vec<String>, E> {
            Ok(vec![number.to_string()])
        }

        fn visit_unit<E: de::Error>(self) -> Result<Vec<String>, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
            let mut words = Vec::new();
            while let Some(word) = items.next_element::<Option<String>>()? {
                words.extend(word);
            }
            Ok(words)
        }
    }
    deserializer.deserialize_any(Words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_fields_are_read_and_the_others_kept() {
        let text = "---\r\ntitle: 2024\ntags: [deploy, 7, \"a b\"]\ncategory: decision\naliases:\n  - x\n---\nBody\n";
        let document = divide(text).expect("front matter");
        assert_eq!(document.front.title.as_deref(), Some("2024"));
        assert_eq!(document.front.tags, ["deploy", "7", "a b"]);
        assert_eq!(Value::from(document.front.rest), serde_json::json!({ "aliases": ["x"] }));
        assert_eq!((document.body, document.line), ("Body\n", 8));
    }

    #[test]
    fn tags_may_be_one_text_or_nothing() {
        for (yaml, tags) in [("a, b", vec!["a", "b"]), ("5", vec!["5"]), ("", vec![]), ("[a, ~]", vec!["a"])]
        {
            let text = format!("---\ntags: {yaml}\n---\nx");
            assert_eq!(divide(&text).expect(yaml).front.tags, tags, "{yaml}");
        }
    }

    #[test]
    fn what_is_no_front_matter_is_text() {
        for text in [
            "",
            "---",
            "---\na: b\n",
            "# Title\n---\na: b\n---\n",
            "---\njust text\n---\nmore",
            "--- \n- x\n---\n",
        ] {
            let document = divide(text).expect(text);
            assert_eq!((document.body, document.has_front, document.line), (text, false, 1), "{text:?}");
        }
        let endless = format!("---\n{}---\n", "a: b\n".repeat(BYTES_MAX));
        assert!(!divide(&endless).expect("text").has_front);
        assert!(divide("---\n---\nBody").expect("empty").has_front);
    }

    #[test]
    fn broken_and_exploding_blocks_are_refused() {
        let bomb = "---\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n\
                    c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n---\n";
        let deep = format!("---\na: {}{}\n---\n", "[".repeat(40), "]".repeat(40));
        for bad in [
            "---\ntitle: {{title}}: x\n---\n",
            "---\ntitle: [1\n---\n",
            "---\ntags: {a: b}\n---\n",
            bomb,
            &deep,
        ] {
            let (line, reason) = divide(bad).expect_err(bad);
            assert_eq!(line, 2);
            assert!(reason.starts_with("front matter that is no YAML: "), "{reason}");
            assert!(!reason.contains('\n'), "{reason}");
        }
    }
}
