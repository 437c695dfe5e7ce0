//! Which posts of a segment contain a term, and where.

use crate::document::{Document, Field};
use crate::fold::is_word;
use crate::posting::{Posting, intersect, union};
use crate::query::Term;
use crate::segment::Segment;
use crate::words::SHORTEST;

/// So few posts are compared with the term at once, instead of looking for more that it has.
const FEW: usize = 32;

/// The posts that may contain a term.
#[derive(Debug)]
pub(crate) struct Candidates {
    pub(crate) postings: Vec<Posting>,
    /// Whether each does, in just these fields. Otherwise the text has to be asked.
    pub(crate) is_sure: bool,
}

/// A piece of a term that is part of one word, with line feeds where the word begins or ends.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    part: String,
}

impl Candidates {
    /// One or two characters and parts of one word are looked up; of anything else, all pairs of
    /// characters and parts of words are, and what contains them all is a candidate.
    pub(crate) fn of(term: &Term, segment: &Segment) -> Self {
        let chars: Vec<char> = term.text.chars().collect();
        let sure = |postings| Self { postings, is_sure: true };
        match *chars {
            [] => return sure(Vec::new()),
            [char] => return sure(segment.single(char).collect()),
            [first, second] => return sure(segment.pair(first, second).collect()),
            _ if chars.iter().all(|char| is_word(*char)) => {
                return sure(words(&term.text, segment));
            }
            _ => {}
        }
        Self { postings: together(&term.text, &chars, segment), is_sure: false }
    }
}

/// The most telling field of `fields` in which `document` contains `term`.
pub(crate) fn verified(term: &Term, document: &Document, fields: u8) -> Option<Field> {
    let mut fields = Field::ALL.into_iter().filter(|field| fields & field.bit() != 0);
    fields.find(|field| term.find(document.field(*field)).is_some())
}

fn words(part: &str, segment: &Segment) -> Vec<Posting> {
    let words = segment.words();
    let lists = words.containing(part).into_iter().map(|index| words.list(index));
    union(lists, segment.documents().len())
}

/// What contains all pieces of `text` in one field.
fn together(text: &str, chars: &[char], segment: &Segment) -> Vec<Posting> {
    let runs = runs(text);
    let is_in_run = |at: usize| {
        let inner = |char: char| is_word(char);
        let length = chars[at..].iter().take_while(|char| inner(**char)).count()
            + chars[..at].iter().rev().take_while(|char| inner(**char)).count();
        length >= SHORTEST
    };
    let mut lists: Vec<_> = (1..chars.len())
        .filter(|at| !chars[at - 1].is_whitespace() && !chars[*at].is_whitespace())
        .filter(|at| !(is_word(chars[at - 1]) && is_word(chars[*at]) && is_in_run(*at)))
        .map(|at| segment.pair(chars[at - 1], chars[at]))
        .collect();
    if lists.is_empty() && runs.is_empty() {
        let chars = chars.iter().filter(|char| !char.is_whitespace());
        lists.extend(chars.map(|char| segment.single(*char)));
    }
    lists.sort_unstable_by_key(crate::posting::List::bytes);
    let mut found: Option<Vec<Posting>> = None;
    for list in lists {
        match &mut found {
            None => found = Some(list.collect()),
            Some(found) if found.len() <= FEW => break,
            Some(found) => intersect(found, list),
        }
    }
    for Run { part } in runs {
        match &mut found {
            None => found = Some(words(&part, segment)),
            Some(found) if found.len() <= FEW => break,
            Some(found) => intersect(found, words(&part, segment).into_iter()),
        }
    }
    found.unwrap_or_default()
}

/// The parts of words in `text` that are long enough to be looked up. At the ends of `text`, the
/// word may go on.
fn runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let end = rest[start..].find(|char| !is_word(char)).map_or(rest.len(), |end| start + end);
        if end - start >= SHORTEST {
            let is_first = start == 0 && rest.len() == text.len();
            let before = if is_first { "" } else { "\n" };
            let after = if end == rest.len() { "" } else { "\n" };
            runs.push(Run { part: format!("{before}{}{after}", &rest[start..end]) });
        }
        rest = &rest[end..];
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_goes_on_only_at_the_ends_of_a_term() {
        let parts =
            |text: &str| -> Vec<String> { runs(text).into_iter().map(|run| run.part).collect() };

        assert_eq!(parts("context.withtimeout"), ["context\n", "\nwithtimeout"]);
        assert_eq!(parts("(with time out)"), ["\nwith\n", "\ntime\n", "\nout\n"]);
        assert_eq!(parts("用redis做"), ["\nredis\n"]);
        assert!(parts("c++ k8").is_empty());
    }
}
