//! What a comment may say.

use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// What the author of a comment wants to be called: one line, 1 to 40 characters, no link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author(String);

/// Plain text: 1 to 2,000 characters, at most two links, no more than one empty line in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentText(String);

/// Why a text is no comment, or no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommentError {
    /// Nothing is left after trimming.
    #[error("it is empty")]
    Empty,
    /// Longer than the longest.
    #[error("it has more than {0} characters")]
    TooLong(usize),
    /// A control character, or one that turns the direction of what follows.
    #[error("it has a character that cannot be seen")]
    BadCharacter,
    /// More links than anybody needs who is not selling something.
    #[error("it has more than {0} links")]
    TooManyLinks(usize),
}

impl Author {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 40;

    /// Checks `text` and makes it a name.
    ///
    /// # Errors
    ///
    /// [`CommentError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, CommentError> {
        checked(text, Self::MAX_CHARS, 0, |_| false).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl CommentText {
    /// The longest text, in characters.
    pub const MAX_CHARS: usize = 2000;
    /// The most links.
    pub const MAX_LINKS: usize = 2;

    /// Checks `text` and makes it what a comment says. Lines end in a line feed afterwards.
    ///
    /// # Errors
    ///
    /// [`CommentError`] says what is wrong.
    ///
    /// ```
    /// use domain::CommentText;
    ///
    /// let text = CommentText::parse(" One.\r\n\r\n\r\n\r\nTwo. ").unwrap();
    /// assert_eq!(text.as_str(), "One.\n\nTwo.");
    /// assert!(CommentText::parse("\u{202E}").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, CommentError> {
        let mut text = text.replace("\r\n", "\n");
        while text.contains("\n\n\n") {
            text = text.replace("\n\n\n", "\n\n");
        }
        checked(&text, Self::MAX_CHARS, Self::MAX_LINKS, |char| char == '\n').map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn checked(
    text: &str,
    max_chars: usize,
    max_links: usize,
    is_allowed: impl Fn(char) -> bool,
) -> Result<String, CommentError> {
    let text: String = text.trim().nfc().collect();
    if text.is_empty() {
        return Err(CommentError::Empty);
    }
    if text.chars().count() > max_chars {
        return Err(CommentError::TooLong(max_chars));
    }
    if text.chars().any(|char| !is_allowed(char) && (char.is_control() || is_unseen(char))) {
        return Err(CommentError::BadCharacter);
    }
    if links(&text) > max_links {
        return Err(CommentError::TooManyLinks(max_links));
    }
    Ok(text)
}

/// Marks of direction, line and paragraph separators, and what else has no shape. Joiners stay:
/// scripts and emoji are written with them.
fn is_unseen(char: char) -> bool {
    matches!(char, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// What a reader would take for a link, or a program would make one of.
fn links(text: &str) -> usize {
    let text = text.to_lowercase();
    let bare = text.match_indices("www.").filter(|(at, _)| !text[..*at].ends_with("://"));
    text.matches("://").count() + text.matches("href=").count() + bare.count()
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_visible_line_without_a_link() {
        assert_eq!(Author::parse(" 墨 ").unwrap().as_str(), "墨");
        assert_eq!(Author::parse(" \n "), Err(CommentError::Empty));
        assert_eq!(Author::parse("a\nb"), Err(CommentError::BadCharacter));
        assert_eq!(Author::parse("a\u{202E}b"), Err(CommentError::BadCharacter));
        assert_eq!(Author::parse("www.x.example"), Err(CommentError::TooManyLinks(0)));
        assert_eq!(Author::parse(&"长".repeat(41)), Err(CommentError::TooLong(40)));
    }

    #[test]
    fn a_text_has_at_most_two_links_however_they_are_written() {
        let parse = |text: &str| CommentText::parse(text).map(|text| text.0);

        assert!(parse("see https://a.example and www.b.example").is_ok());
        let three = "HTTPS://www.a.example [b](http://b.example) WWW.c.example";
        assert_eq!(parse(three), Err(CommentError::TooManyLinks(2)));
        assert_eq!(parse("\0"), Err(CommentError::BadCharacter));
        assert_eq!(parse(&"长".repeat(2001)), Err(CommentError::TooLong(2000)));
        assert!(parse(&"长".repeat(2000)).is_ok());
        assert_eq!(parse("a\tb"), Err(CommentError::BadCharacter));
        assert_eq!(parse("<b>&amp;</b>").unwrap(), "<b>&amp;</b>", "plain text says what it says");
    }
}
