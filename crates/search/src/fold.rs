//! Making what a reader means equal to what the writer wrote.
//!
//! Folded away: letter case, full and half width and other compatibility forms (NFKC), accents on
//! letters, traditional against simplified Chinese characters, invisible characters, and how much
//! white space there is. Kana lose their voicing marks to characters of their own, so that half
//! width and full width agree; Hangul stays as it is.

use rustc_hash::FxHashMap;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// Each line is a traditional character and the simplified one that stands for it here. From the
/// table `TSCharacters` of `OpenCC` (Apache-2.0), the first choice of each; both sides of a comparison
/// are folded, so a choice that a translator would not make does no harm.
const TRADITIONAL: &str = include_str!("fold/traditional.txt");

/// What a character of the basic plane becomes; [`SEVERAL`] if that is not one character.
static BASIC: LazyLock<Vec<char>> = LazyLock::new(|| {
    let one = |code| {
        let mut folded = String::new();
        push_slowly(char::from_u32(code).unwrap_or(SEVERAL), &mut folded);
        let mut chars = folded.chars();
        chars.next().filter(|_| chars.next().is_none()).unwrap_or(SEVERAL)
    };
    (0..0x1_0000).map(one).collect()
});
/// Unicode promises that this is never a character.
const SEVERAL: char = '\u{FFFF}';

static SIMPLIFIED: LazyLock<FxHashMap<char, char>> = LazyLock::new(|| {
    let pair = |line: &'static str| {
        let mut chars = line.chars();
        chars.next().zip(chars.next())
    };
    TRADITIONAL.lines().filter_map(pair).collect()
});

/// Folds one character after the other, white space to single spaces.
#[derive(Debug)]
pub(crate) struct Folding {
    is_after_space: bool,
}

impl Folding {
    /// White space at the beginning is left out.
    pub(crate) fn new() -> Self {
        Self { is_after_space: true }
    }

    /// Appends what `char` becomes to `folded`: nothing, one character or several.
    pub(crate) fn push(&mut self, char: char, folded: &mut String) {
        match BASIC.get(char as usize) {
            Some(one) if *one != SEVERAL => self.push_one(*one, folded),
            _ => {
                let mut several = String::new();
                push_slowly(char, &mut several);
                several.chars().for_each(|char| self.push_one(char, folded));
            }
        }
    }

    fn push_one(&mut self, char: char, folded: &mut String) {
        if !char.is_whitespace() {
            folded.push(char);
            self.is_after_space = false;
        } else if !self.is_after_space {
            folded.push(' ');
            self.is_after_space = true;
        }
    }
}

/// `text`, folded; without white space at its ends.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut folding = Folding::new();
    text.chars().for_each(|char| folding.push(char, &mut folded));
    folded.truncate(folded.trim_end().len());
    folded
}

/// Whether `char` is part of a word of a script that writes spaces between words; the others are
/// found by pairs of characters. All that comes from Thai on is written without spaces, or with
/// several words between two.
pub(crate) fn is_word(char: char) -> bool {
    (char < '\u{E00}' && char.is_alphanumeric()) || char == '_'
}

fn push_slowly(char: char, folded: &mut String) {
    if char.is_whitespace() || ('\u{AC00}'..='\u{D7A3}').contains(&char) {
        folded.push(char);
        return;
    }
    let lower = char.to_string().nfkd().flat_map(char::to_lowercase).collect::<String>();
    for char in lower.nfkd().filter(|char| !is_mark(*char) && !is_invisible(*char)) {
        match char {
            // It differs from the other sigma only by where it stands.
            'ς' => folded.push('σ'),
            char => folded.push(SIMPLIFIED.get(&char).copied().unwrap_or(char)),
        }
    }
}

/// Accents and their like (Combining Diacritical Marks).
pub(crate) fn is_mark(char: char) -> bool {
    ('\u{300}'..='\u{36F}').contains(&char)
}

fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
        || matches!(char, '\u{FE00}'..='\u{FE0F}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_width_accents_and_script_make_no_difference() {
        for (one, other) in [
            ("ＲＥＤＩＳ缓存", "redis緩存"),
            ("Straße Ⅳ", "straße iv"),
            ("Café résumé", "cafe\u{301} resume"),
            ("數據庫與網絡", "数据库与网络"),
            ("ｶﾞ ﾊﾟ", "ガ パ"),
            ("ΟΔΟΣ", "οδος"),
            (" a\u{A0}\n b\u{200B}c ", "a bc"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
        assert_eq!(fold("한글"), "한글");
    }

    #[test]
    fn no_character_is_left_that_folds_further() {
        for (traditional, simplified) in &*SIMPLIFIED {
            assert_eq!(fold(&traditional.to_string()), simplified.to_string());
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }

        #[test]
        fn a_part_of_a_text_is_a_part_of_its_folded_form(text in "[a-zA-Z \u{4e00}-\u{9fff}é]{3,30}", from in 0usize..3, length in 1usize..20) {
            let part: String = text.chars().skip(from).take(length).collect();
            prop_assert!(fold(&text).contains(&fold(&part)));
        }
    }
}
