//! Words that differ from another by one mistake.

/// Shorter words are near to too many others.
pub(crate) const SHORTEST_CHARS: usize = 4;

/// What one mistake leaves of `word`, which is no shorter than [`SHORTEST_CHARS`]: a word near to it
/// begins with the first part or ends with the last, which has two characters at least.
pub(crate) fn ends(word: &str) -> (&str, &str) {
    let chars = word.chars().count();
    let place = |char: usize| word.char_indices().nth(char).map_or(word.len(), |(at, _)| at);
    let first = (chars - 1) / 2;
    // Two neighbours that change places may be the last of the first part and the next.
    (&word[..place(first)], &word[place(first + 1)..])
}

/// Whether one becomes the other by one character more, less, or another, or by two neighbours
/// that change places (Damerau and Levenshtein's distance is 1).
pub(crate) fn is_near(one: &str, other: &str) -> bool {
    if one.len().abs_diff(other.len()) > 4 || one == other {
        return false;
    }
    let start = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    let start: usize = start.map(|(char, _)| char.len_utf8()).sum();
    let (one, other) = (&one[start..], &other[start..]);
    let end = one.chars().rev().zip(other.chars().rev()).take_while(|(one, other)| one == other);
    let end: usize = end.map(|(char, _)| char.len_utf8()).sum();
    let one: Vec<char> = one[..one.len() - end].chars().collect();
    let other: Vec<char> = other[..other.len() - end].chars().collect();
    match (&*one, &*other) {
        ([] | [_], [_]) | ([_], []) => true,
        ([a, b], [c, d]) => (a, b) == (d, c),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_mistake_is_near_and_two_are_not() {
        for other in ["reddis", "redi", "rediz", "erdis", "xredis", "edis", "resid", "reids"] {
            assert_eq!(is_near("redis", other), other != "resid", "{other}");
        }
        assert!(!is_near("redis", "redis") && !is_near("redis", "radio"));
        assert!(is_near("docker", "dokcer") && is_near("aab", "ab") && !is_near("été", "ete"));
    }

    proptest! {
        #[test]
        fn a_mistake_leaves_one_end(word in "[abé]{4,9}", at in 0usize..9, char in "[abx]", kind in 0..4) {
            let mut chars: Vec<char> = word.chars().collect();
            let at = at % chars.len();
            match kind {
                0 => drop(chars.remove(at)),
                1 => chars.insert(at, char.parse().unwrap()),
                2 => chars[at] = char.parse().unwrap(),
                _ => chars.swap(at, (at + 1).min(word.chars().count() - 1)),
            }
            let other: String = chars.into_iter().collect();
            let (first, last) = ends(&word);

            prop_assert!(is_near(&word, &other) || word == other);
            prop_assert!(last.chars().count() >= 2);
            prop_assert!(other.starts_with(first) || other.ends_with(last));
        }
    }
}
