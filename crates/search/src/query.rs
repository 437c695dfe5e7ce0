//! What a reader typed, taken apart.

use crate::fold::fold;
use memchr::memmem::Finder;
use std::borrow::Cow;

/// More words than this are ignored.
pub const MAX_TERMS: usize = 16;
/// Before a quotation mark or itself inside a phrase, it makes it a part of the phrase.
const ESCAPE: char = '\\';

/// Something that must stand in a post, or must not.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    /// Folded.
    pub(crate) text: String,
    finder: Finder<'static>,
}

/// What a post must be like.
///
/// White space separates words, and a post must contain each, wherever it stands. `"several words"`
/// are one; in them `\"` is a quotation mark and `\\` a backslash. `-word` and `-"several words"` must
/// not be there. `tag:name`, `tag:"long name"` and `year:2020` say what the post must be. Whatever
/// else looks like that is a word: `->`, `--help`, `tag:`, a quotation mark that nobody closes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pub(crate) terms: Vec<Term>,
    pub(crate) excluded: Vec<Term>,
    /// Folded.
    pub(crate) tags: Vec<String>,
    pub(crate) years: Vec<i16>,
}

impl Term {
    pub(crate) fn new(text: String) -> Self {
        let finder = Finder::new(&text).into_owned();
        Self { text, finder }
    }

    /// Where it first stands in `text`, in bytes.
    pub(crate) fn find(&self, text: &str) -> Option<usize> {
        self.finder.find(text.as_bytes())
    }

    /// Everywhere it stands in `text`.
    pub(crate) fn find_iter<'a>(&'a self, text: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.finder.find_iter(text.as_bytes())
    }
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let mut query = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() && query.terms.len() + query.excluded.len() < MAX_TERMS {
            rest = query.take(rest).trim_start();
        }
        query
    }

    /// Whether it asks for anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
            && self.excluded.is_empty()
            && self.tags.is_empty()
            && self.years.is_empty()
    }

    /// Its words, as a title would have them.
    pub(crate) fn whole(&self) -> String {
        let words: Vec<_> = self.terms.iter().map(|term| term.text.as_str()).collect();
        words.join(" ")
    }

    /// Takes what stands at the beginning of `text` and returns the rest.
    fn take<'a>(&mut self, text: &'a str) -> &'a str {
        if let Some(rest) = text.strip_prefix('-') {
            let first = rest.chars().next().unwrap_or(' ');
            if first.is_alphanumeric() || quoted(rest).is_some() {
                let (word, rest) = word(rest);
                push(&mut self.excluded, &word);
                return rest;
            }
        }
        if let Some(behind) = text.strip_prefix("tag:") {
            let (tag, rest) = word(behind);
            let tag = fold(&tag);
            if !tag.is_empty() {
                self.tags.push(tag);
                return rest;
            }
        }
        if let Some(behind) = text.strip_prefix("year:") {
            let (year, rest) = word(behind);
            if let Ok(year) = year.parse() {
                self.years.push(year);
                return rest;
            }
        }
        let (word, rest) = word(text);
        push(&mut self.terms, &word);
        rest
    }
}

fn push(terms: &mut Vec<Term>, word: &str) {
    let folded = fold(word);
    if !folded.is_empty() && terms.iter().all(|term| term.text != folded) {
        terms.push(Term::new(folded));
    }
}

/// The query that asks for `text` as one phrase, whatever stands in it. White space at its ends does
/// not count.
///
/// ```
/// assert_eq!(search::phrase(r#"say "hi" \o/"#), r#""say \"hi\" \\o/""#);
/// ```
#[must_use]
pub fn phrase(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.trim().chars() {
        if is_mark(char) || char == ESCAPE {
            quoted.push(ESCAPE);
        }
        quoted.push(char);
    }
    quoted + "\""
}

/// The first word of `text`, or what stands in quotation marks, and the rest.
fn word(text: &str) -> (Cow<'_, str>, &str) {
    quoted(text).unwrap_or_else(|| {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        (Cow::Borrowed(&text[..end]), &text[end..])
    })
}

/// What stands in quotation marks at the beginning of `text`, and the rest. The closing one stands
/// before white space or the end. Of several, it is the last before another phrase begins, so that a
/// text which contains some can be asked for as it is; one that is escaped begins none, and closes only
/// what nothing else does.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let inside = text.strip_prefix(is_mark)?;
    let (mut closing, mut escaped) = (None, None);
    let mut is_escaped = false;
    for (at, char) in inside.char_indices() {
        let (before, end) = (&inside[..at], at + char.len_utf8());
        let is_end = inside[end..].chars().next().is_none_or(char::is_whitespace);
        if is_escaped || !is_mark(char) {
            if is_escaped && is_mark(char) && is_end {
                escaped = Some((at, end));
            }
            is_escaped = !is_escaped && char == ESCAPE;
            continue;
        }
        if is_end {
            // One with white space on both sides may be the beginning of what is being typed.
            if closing.is_none() || !before.ends_with(char::is_whitespace) {
                closing = Some((at, end));
            }
        } else if closing.is_some() && begins_phrase(before) {
            break;
        }
    }
    // Where nothing else closes, the backslash was meant: "C:\"
    closing.or(escaped).map(|(at, end)| (unescaped(&inside[..at]), &inside[end..]))
}

/// What is meant by `text` between quotation marks.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains(ESCAPE) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let is_meant = |next: &char| char == ESCAPE && (is_mark(*next) || *next == ESCAPE);
        plain.push(chars.next_if(is_meant).unwrap_or(char));
    }
    Cow::Owned(plain)
}

fn is_mark(char: char) -> bool {
    matches!(char, '"' | '＂')
}

/// Whether a quotation mark after `before` opens a phrase.
fn begins_phrase(before: &str) -> bool {
    let word = before.rsplit(char::is_whitespace).next();
    word.is_some_and(|word| matches!(word, "" | "-" | "tag:" | "year:"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(terms: &[Term]) -> Vec<&str> {
        terms.iter().map(|term| term.text.as_str()).collect()
    }

    fn owned(terms: &[Term]) -> Vec<String> {
        terms.iter().map(|term| term.text.clone()).collect()
    }

    #[test]
    fn words_phrases_and_filters_are_told_apart() {
        let query = Query::parse(
            "Redis  \"two  Words\" -java -\"hello world\" tag:Go tag:\"数 据\" year:2020 redis",
        );

        assert_eq!(texts(&query.terms), ["redis", "two words"]);
        assert_eq!(texts(&query.excluded), ["java", "hello world"]);
        assert_eq!(query.tags, ["go", "数 据"]);
        assert_eq!(query.years, [2020]);
        assert_eq!(query.whole(), "redis two words");
    }

    #[test]
    fn what_only_looks_like_a_filter_is_a_word() {
        for text in ["->", "--help", "-", "tag:", "year:soon", "\"open", "a\"b\"", "C++"] {
            let query = Query::parse(text);
            assert_eq!(texts(&query.terms), [text.to_lowercase()], "{text}");
        }
        assert_eq!(texts(&Query::parse("\"say \"hi\"!\"").terms), ["say \"hi\"!"]);
        assert!(Query::parse(" \u{200B} \"\" ").is_empty());
    }

    #[test]
    fn a_phrase_may_contain_quotation_marks_beside_spaces() {
        for phrase in ["say \"hi\" now", "hi\" now", "a \" b", "\" a", "\"a\" b", "x\" \" y"] {
            let query = Query::parse(&format!("\"{phrase}\""));
            assert_eq!(texts(&query.terms), [phrase]);
        }
        let query =
            Query::parse("\"one two\" x \"three four\" -\"five six\" tag:\"a b\" \"seven\"");
        assert_eq!(texts(&query.terms), ["one two", "x", "three four", "seven"]);
        assert_eq!(
            (texts(&query.excluded), query.tags),
            (vec!["five six"], vec!["a b".to_owned()])
        );
        assert_eq!(texts(&Query::parse("\"one two\" \"").terms), ["one two", "\""]);
    }

    #[test]
    fn a_backslash_is_an_escape_before_a_quotation_mark_or_another_inside_a_phrase() {
        for (query, phrase) in [
            (r#""a\" -\"b""#, r#"a" -"b"#),
            (r#""c:\dir""#, r"c:\dir"),
            (r#""c:\\""#, r"c:\"),
            (r#""c:\""#, r"c:\"),
            (r#""\\\"""#, r#"\""#),
            (r"a\\b", r"a\\b"),
        ] {
            assert_eq!(texts(&Query::parse(query).terms), [phrase], "{query}");
        }
        let query = Query::parse(r#"-"a\" b" tag:"c\＂ d" "e""#);
        assert_eq!((texts(&query.excluded), texts(&query.terms)), (vec!["a\" b"], vec!["e"]));
        assert_eq!(query.tags, ["c\" d"]);
    }

    proptest! {
        #[test]
        fn what_is_asked_for_as_a_phrase_is_that_phrase(
            texts in prop::collection::vec("[\"＂\\\\ a-c:\n墨\u{3000}-]{0,12}|\\PC{0,20}", 1..8),
        ) {
            const PREFIXES: [&str; 3] = ["", "-", "tag:"];
            let mut query = String::new();
            let mut expected: [Vec<String>; 3] = Default::default();
            for (number, text) in texts.iter().enumerate() {
                let (kind, folded) = (number % 3, fold(text));
                // Without a name it is a word.
                if kind == 2 && folded.is_empty() {
                    continue;
                }
                query.extend([PREFIXES[kind], &phrase(text), " "]);
                if !folded.is_empty() && (kind == 2 || !expected[kind].contains(&folded)) {
                    expected[kind].push(folded);
                }
            }

            let query = Query::parse(&query);

            prop_assert_eq!([owned(&query.terms), owned(&query.excluded), query.tags], expected);
        }

        #[test]
        fn no_text_makes_parsing_panic(text in "\\PC{0,60}|[-\" a-z:]{0,40}") {
            let query = Query::parse(&text);
            prop_assert!(query.terms.len() + query.excluded.len() <= MAX_TERMS);
        }
    }
}
