//! Making what a reader means equal to what the writer wrote.

use unicode_normalization::UnicodeNormalization;

/// `text` without the difference between upper and lower case and between full and half width
/// (NFKC).
pub(crate) fn fold(text: &str) -> String {
    text.chars().flat_map(folded).collect()
}

/// One character, folded. It may become several.
pub(crate) fn folded(char: char) -> impl Iterator<Item = char> {
    std::iter::once(char).nfkc().flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_width_make_no_difference() {
        assert_eq!(fold("ＲＥＤＩＳ缓存"), "redis缓存");
        assert_eq!(fold("Straße Ⅳ"), "straße iv");
    }
}
