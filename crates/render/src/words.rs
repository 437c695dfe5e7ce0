//! How long a text is, for a reader.

/// The words of `text`: each Chinese, Japanese or Korean character is one, and so is each run of
/// other letters and digits.
///
/// ```
/// assert_eq!(render::count_words("用 Docker 部署 MongoDB 4.0"), 7);
/// ```
#[must_use]
pub fn count(text: &str) -> u32 {
    let mut words = 0;
    let mut is_inside = false;
    for c in text.chars() {
        let is_ideograph = is_ideograph(c);
        let is_letter = !is_ideograph && c.is_alphanumeric();
        words += u32::from(is_ideograph || (is_letter && !is_inside));
        is_inside = is_letter;
    }
    words
}

/// Characters of scripts that are written without spaces between words.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Chinese readers manage 300 to 500 characters a minute; technical text is at the slow end.
const WORDS_A_MINUTE: u32 = 300;

/// The minutes that reading so many words takes, at least 1.
#[must_use]
pub fn minutes(words: u32) -> u32 {
    words.div_ceil(WORDS_A_MINUTE).max(1)
}
