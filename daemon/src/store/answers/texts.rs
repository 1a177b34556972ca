//! What texts cost in a context, and how they are cut.

/// Bytes of one token, by estimate.
pub(in crate::store) const TOKEN_BYTES: usize = 4;

/// What a text costs, by estimate.
pub(in crate::store) fn tokens(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(TOKEN_BYTES)).unwrap_or(u32::MAX)
}

/// At most so many bytes of a text, cut at a word, with `…` at the end.
pub(in crate::store) fn cut(text: &str, bytes: usize) -> String {
    const MARK: &str = "…";
    let fits = &text[..text.floor_char_boundary(bytes.saturating_sub(MARK.len()))];
    let at_word = fits.rfind(char::is_whitespace).filter(|at| *at > fits.len() / 2).unwrap_or(fits.len());
    format!("{}{MARK}", fits[..at_word].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_keeps_whole_words_and_its_bound() {
        assert_eq!(cut("one two three four", 14), "one two…");
        for bytes in 3..40 {
            let text = cut("größenänderungen überall und überall", bytes);
            assert!(text.len() <= bytes && text.ends_with('…'), "{text:?} {bytes}");
        }
    }
}
