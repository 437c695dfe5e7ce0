//! Which posts of a segment contain a term, and where.

use crate::document::{Document, Field};
use crate::fold::is_word;
use crate::gram::LONGEST;
use crate::places::{Fields, Places};
use crate::posting::{List, Posting};
use crate::query::Term;
use crate::segment::Segment;
use crate::set::BitSet;
use crate::words::SHORTEST;

/// So few posts are compared with the term at once, instead of looking for more that it has.
const FEW: usize = 32;

/// The posts that may contain a term.
#[derive(Debug)]
pub(crate) struct Candidates {
    pub(crate) places: Places,
    /// Whether each does, in just these fields. Otherwise the text has to be asked.
    is_sure: bool,
}

/// A piece of a term that is part of one word, with line feeds where the word begins or ends.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    part: String,
}

impl Candidates {
    /// Characters whose places are known and parts of words are looked up; of anything else, all that
    /// is known of its characters and words is, and what contains it all is a candidate.
    pub(crate) fn of(term: &Term, segment: &Segment) -> Self {
        let chars: Vec<char> = term.text.chars().collect();
        let posts = segment.documents().len();
        let sure = |places| Self { places, is_sure: true };
        if chars.len() > 2 && chars.iter().all(|char| is_word(*char)) {
            return sure(segment.words().places(&term.text, posts));
        }
        if let Some(list) = segment.grams().find(&chars) {
            return sure(Places::of(list));
        }
        Self { places: together(&term.text, &chars, segment), is_sure: false }
    }

    /// Compares the term with those of `posts` that may contain it, and removes the others from them.
    /// What is left of it elsewhere than in the text is the most telling field of each post.
    pub(crate) fn verify(&mut self, term: &Term, segment: &Segment, posts: &mut BitSet) {
        if self.is_sure {
            return;
        }
        let document = |post: u32| &segment.documents()[post as usize];
        self.places.others.retain_mut(|posting| {
            let found = |posting: &Posting| best(term, document(posting.post), posting.fields);
            let found =
                Some(&*posting).filter(|posting| posts.contains(posting.post)).and_then(found);
            posting.fields = found.map_or(0, Field::bit);
            found.is_some()
        });
        let mut others = Fields::of(&self.places.others);
        posts.retain(|post| {
            let is_in_text = || {
                self.places.text.contains(post)
                    && term.find(document(post).field(Field::Text)).is_some()
            };
            others.at(post) != 0 || is_in_text()
        });
    }
}

/// The most telling field of `fields` in which `document` contains `term`.
fn best(term: &Term, document: &Document, fields: u8) -> Option<Field> {
    let mut fields = Field::ALL.into_iter().filter(|field| fields & field.bit() != 0);
    fields.find(|field| term.find(document.field(*field)).is_some())
}

/// What contains all pieces of `text` in one field.
fn together(text: &str, chars: &[char], segment: &Segment) -> Places {
    let posts = segment.documents().len();
    let mut found: Option<Places> = None;
    let mut narrow = |places: &dyn Fn() -> Places| match &mut found {
        None => found = Some(places()),
        Some(found) if found.len() <= FEW => {}
        Some(found) => found.intersect(&places()),
    };
    let runs = runs(text);
    let mut lists: Vec<_> =
        chars.split(|char| char.is_whitespace()).flat_map(|chars| known(chars, segment)).collect();
    if lists.is_empty() && runs.is_empty() {
        let chars = chars.iter().filter(|char| !char.is_whitespace());
        lists.extend(chars.filter_map(|char| segment.grams().find(&[*char])));
    }
    lists.sort_unstable_by_key(List::bytes);
    for list in lists {
        narrow(&|| Places::of(list));
    }
    for Run { part } in runs {
        narrow(&|| segment.words().places(&part, posts));
    }
    found.unwrap_or_else(|| Places::nowhere(posts))
}

/// The longest pieces of `chars` whose places are known, but for parts of words that are found as
/// such.
fn known<'a>(chars: &[char], segment: &'a Segment) -> Vec<List<'a>> {
    let (mut lists, mut end) = (Vec::new(), 0);
    let is_of_word = |at: usize| chars.get(at).is_some_and(|char| is_word(*char));
    let is_inside_word = |start: usize| {
        let is_longer = is_of_word(start + 2) || start > 0 && is_of_word(start - 1);
        is_of_word(start) && is_of_word(start + 1) && is_longer
    };
    for start in 0..chars.len() {
        let longest = LONGEST.min(chars.len() - start);
        // What is inside the last one says nothing new.
        let ends = (start + 2..=start + longest).rev().take_while(|after| *after > end);
        let known = ends
            .filter(|after| *after > start + 2 || !is_inside_word(start))
            .find_map(|after| Some((after, segment.grams().find(&chars[start..after])?)));
        if let Some((after, list)) = known {
            lists.push(list);
            end = after;
        }
    }
    lists
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
