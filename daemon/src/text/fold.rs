//! Folding of characters: compatibility forms, case and diacritics go, the letters stay. Also the
//! classes of characters that the scanner cuts words by.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Appends the folded form of a word to `out`.
pub(super) fn fold_into(word: &str, out: &mut String) {
    if word.is_ascii() {
        out.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        return;
    }
    let bare = word.nfkd().filter(|c| !is_diacritic(*c) && (c.is_alphanumeric() || is_combining_mark(*c)));
    for c in bare.nfc().flat_map(char::to_lowercase) {
        match c {
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' => out.push('d'),
            'ı' => out.push('i'),
            'ς' => out.push('σ'),
            c if is_diacritic(c) => {}
            c => out.push(c),
        }
    }
}

/// Accents and their like. Vowel signs of other scripts are marks too, and carry meaning: they stay.
const fn is_diacritic(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Whether the character starts a word.
pub(super) fn starts_word(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() && !is_unspaced(c) }
}

/// Whether the character goes on with a word that has begun.
pub(super) fn continues_word(c: char) -> bool {
    starts_word(c) || is_attached(c) && !is_unspaced(c)
}

/// Whether the character goes on with a run of an unspaced script.
pub(super) fn continues_run(c: char) -> bool {
    is_unspaced(c) || is_attached(c)
}

/// Marks, and the invisible characters that writing systems and web pages put inside words.
fn is_attached(c: char) -> bool {
    !c.is_ascii() && (is_combining_mark(c) || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'))
}

/// Scripts that are written without spaces between words (and Korean, whose words carry endings):
/// their runs are indexed by pairs of characters.
pub(super) const fn is_unspaced(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1100}'..='\u{11ff}'
            | '\u{1780}'..='\u{17d3}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{318f}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7af}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ff9f}'
            | '\u{20000}'..='\u{3134f}'
    )
}

/// Pictures that people search for.
pub(super) const fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}')
}

/// Characters that join words to an identifier, a path, a host or a version.
pub(super) const fn is_joiner(c: char) -> bool {
    matches!(c, '_' | '-' | '.' | '/' | '\\' | ':' | '@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str) -> String {
        let mut out = String::new();
        fold_into(text, &mut out);
        out
    }

    #[test]
    fn case_accents_and_compatibility_forms_go() {
        for (given, folded) in [
            ("Straße", "strasse"),
            ("Éclair", "eclair"),
            ("e\u{301}clair", "eclair"),
            ("ＡＰＩ", "api"),
            ("ﬁle", "file"),
            ("İstanbul", "istanbul"),
            ("ΟΔΟΣ", "οδοσ"),
            ("Łódź", "lodz"),
            ("が", "が"),
            ("한국", "한국"),
            ("soft\u{ad}hyphen", "softhyphen"),
        ] {
            assert_eq!(fold(given), folded, "{given}");
        }
    }
}
