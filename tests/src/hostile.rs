//! Hostile texts: a list that people keep (`tests/data/hostile/texts.jsonl`, one JSON string in a line) and
//! the classes of which a machine makes more. Whoever takes one refuses it by the name of its field, or
//! keeps it byte for byte.

use std::collections::BTreeSet;

const LISTED: &str = include_str!("../data/hostile/texts.jsonl");
/// What is not seen, or turns the direction of what is.
const UNSEEN: [char; 32] = [
    '\u{ad}',
    '\u{34f}',
    '\u{61c}',
    '\u{115f}',
    '\u{17b4}',
    '\u{180e}',
    '\u{200b}',
    '\u{200c}',
    '\u{200d}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202a}',
    '\u{202b}',
    '\u{202c}',
    '\u{202d}',
    '\u{202e}',
    '\u{2060}',
    '\u{2061}',
    '\u{2066}',
    '\u{2067}',
    '\u{2068}',
    '\u{2069}',
    '\u{3164}',
    '\u{fe0f}',
    '\u{feff}',
    '\u{fff9}',
    '\u{fffe}',
    '\u{e0001}',
    '\u{e0041}',
    '\u{10ffff}',
];
/// What ends a text in some language, and what somebody would like to have after it.
const ENDS: [&str; 8] = ["'", "\"", "`", "')", "\")", "';", "\\'", "*/"];
const PAYLOADS: [&str; 9] = [
    " OR 1=1 --",
    " UNION SELECT 1,2,3",
    "; DROP TABLE entries",
    " AND 1=(SELECT count(*) FROM entries)",
    "||pg_sleep(9)||",
    " }]}",
    "\n- injected: true",
    " $(touch /tmp/x)",
    "<svg onload=x>",
];
/// Ways to write one step up.
const STEPS_UP: [&str; 8] =
    ["../", "..\\", "%2e%2e/", "..%2f", "....//", "..\u{2215}", "\u{ff0e}\u{ff0e}/", ".\u{200b}./"];
const TARGETS: [&str; 3] = ["etc/passwd", "memory.db", ""];
const CLASSIC: [&str; 28] = [
    "",
    " ",
    "\n\t\r",
    "\0",
    "a\0b",
    "\u{1b}[2J\u{7}",
    "'; DROP TABLE entries; --",
    "\" OR 1=1 --",
    "\"unclosed",
    "a AND NOT OR NEAR(",
    "*",
    "^\"",
    "col:umn {x y}: z",
    "%_\\",
    "../../../etc/passwd",
    "$(reboot) `reboot`",
    "\u{202e}gnirts\u{202c}",
    "\u{feff}\u{200b}\u{200d}\u{2060}",
    "\u{e000}\u{10ffff}\u{fffd}",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "日本語のテキスト 中文 한국어 العربية עברית",
    "İıſK",
    "<script>alert(1)</script>",
    "{{7*7}} ${7*7} %s %n",
    "null",
    "NaN",
    "-0",
    "9e999",
];

/// Texts that have broken other programs: few, so that each can go into every field.
#[must_use]
pub fn classic_texts() -> Vec<String> {
    let mut texts = CLASSIC.map(str::to_owned).to_vec();
    texts.push(format!("a{}", "\u{301}".repeat(400)));
    texts.push("x".repeat(10_000));
    texts.push("word ".repeat(2_000));
    texts.push("\"".repeat(10_000));
    texts
}

/// Every hostile text, each once.
///
/// # Panics
/// When a line of the list is no JSON string.
#[must_use]
pub fn texts() -> Vec<String> {
    let listed = LISTED.lines().filter(|line| !line.starts_with('#'));
    let mut texts: Vec<String> = listed
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    let controls = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}');
    texts.extend(controls.flat_map(|c| [format!("a{c}b"), format!("{c}ab"), format!("ab{c}")]));
    texts.extend(UNSEEN.iter().flat_map(|c| [format!("{c}ab"), format!("a{c}b"), format!("ab{c}")]));
    texts.extend(ENDS.iter().flat_map(|end| PAYLOADS.map(|payload| format!("x{end}{payload}"))));
    for depth in [1, 2, 5, 12, 40] {
        for up in STEPS_UP {
            texts.extend(TARGETS.map(|target| format!("{}{target}", up.repeat(depth))));
            texts.push(format!("/src/{}etc", up.repeat(depth)));
        }
    }
    for letter in ["x", "é", "語", "🚀", "e\u{301}"] {
        for power in [5, 6, 7, 8, 9, 10, 11, 12] {
            let letters = 1_usize << power;
            texts.extend([letters - 1, letters, letters + 1].map(|length| letter.repeat(length)));
        }
    }
    texts.extend(classic_texts());
    let mut seen = BTreeSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    texts
}

/// As much of a text as a message can show.
#[must_use]
pub fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(60).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_more_than_a_thousand_distinct_texts() {
        let texts = texts();
        let distinct: BTreeSet<&String> = texts.iter().collect();
        assert_eq!(distinct.len(), texts.len());
        assert!(texts.len() >= 1_000, "{}", texts.len());
    }
}
