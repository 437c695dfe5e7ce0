//! Words that differ from another by one mistake.

/// Shorter words are near to too many others.
pub(crate) const SHORTEST_CHARS: usize = 4;

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

    #[test]
    fn one_mistake_is_near_and_two_are_not() {
        for other in ["reddis", "redi", "rediz", "erdis", "xredis", "edis", "resid", "reids"] {
            assert_eq!(is_near("redis", other), other != "resid", "{other}");
        }
        assert!(!is_near("redis", "redis") && !is_near("redis", "radio"));
        assert!(is_near("docker", "dokcer") && is_near("aab", "ab") && !is_near("été", "ete"));
    }
}
