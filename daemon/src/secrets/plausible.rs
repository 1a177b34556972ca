//! Tells what was drawn by chance from what somebody wrote: words, examples, placeholders.

/// Words in values that are made up for documents, in lower case. Long enough that chance does not write
/// them.
const EXAMPLE_WORDS: &[&str] = &[
    "example",
    "placeholder",
    "redacted",
    "changeme",
    "change_me",
    "change-me",
    "dummy",
    "your_",
    "your-",
    "yourtoken",
    "yourkey",
    "insert_",
    "insert-",
    "sample_",
    "sample-",
    "_here",
    "-here",
    // How the key begins that every emulator of Azure's storage has.
    "eby8vdm02xnocqflquwj",
];
/// So many equal, or ascending, characters in a row are no chance.
const ROW_MAX: usize = 7;
/// Bits for each character that chance does not fall below.
const ENTROPY_MIN: f64 = 2.6;

/// Whether the variable part of a token may have been drawn by chance. `letters_only` says that tokens of its
/// format may have no digit and only one case.
pub(super) fn is_random(secret: &str, letters_only: bool) -> bool {
    (letters_only || !looks_written(secret)) && !is_example(secret) && entropy(secret) >= ENTROPY_MIN
}

/// Whether it is made up: an example, a placeholder, a row of the keyboard.
pub(super) fn is_example(secret: &str) -> bool {
    let lower = secret.to_ascii_lowercase();
    EXAMPLE_WORDS.iter().any(|word| lower.contains(word)) || has_row(lower.as_bytes())
}

/// `xxxxxxxx`, `12345678`, `abcdefgh`.
fn has_row(bytes: &[u8]) -> bool {
    let (mut same, mut ascending) = (1, 1);
    bytes.windows(2).any(|pair| {
        let ascends =
            pair[1] == pair[0].wrapping_add(1) || (pair[0] == b'9' && matches!(pair[1], b'0' | b'a'));
        same = if pair[0] == pair[1] { same + 1 } else { 1 };
        ascending = if ascends { ascending + 1 } else { 1 };
        same >= ROW_MAX || ascending >= ROW_MAX
    })
}

/// Letters of one case and no digits: a word, or several.
fn looks_written(secret: &str) -> bool {
    let has = |which: fn(&u8) -> bool| secret.as_bytes().iter().any(which);
    let of_both_cases = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    !has(u8::is_ascii_digit) && !of_both_cases
}

/// Shannon's entropy in bits for each byte.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_told_from_chance() {
        for made_up in
            ["xxxxxxxxxxxxxxxxxxxx", "your_token_goes_right_here", "0123456789abcdef", "SOFODNN7EXAMPLE"]
        {
            assert!(!is_random(made_up, false), "{made_up}");
        }
        assert!(!is_random("a_long_name_of_something", false));
        assert!(is_random("k3Jx9QpL0vRt2mZs", false));
        assert!(entropy("aaaa") < 0.1 && entropy("abcd") > 1.9);
    }
}
