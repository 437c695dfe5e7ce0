//! One release at a time: which of the releases that replicas serve readers see. Pure.

use std::sync::Arc;

/// The id of a release, as a replica says it.
pub(crate) type Release = Arc<str>;

/// The release to be on, given the one that the service is on and what each healthy replica serves
/// (`None` if that is not known).
///
/// It stays as long as one replica serves it. When none is left, it changes to the one that most
/// serve, for everybody at once: so no reader meets the new release and then the old one.
pub(crate) fn choose(on: Option<&Release>, healthy: &[Option<Release>]) -> Option<Release> {
    if let Some(on) = on
        && (healthy.is_empty() || healthy.iter().flatten().any(|served| served == on))
    {
        return Some(on.clone());
    }
    let count = |release: &Release| healthy.iter().flatten().filter(|one| *one == release).count();
    let mut most: Option<&Release> = None;
    for release in healthy.iter().flatten() {
        if most.is_none_or(|most| count(release) > count(most)) {
            most = Some(release);
        }
    }
    // Replicas that do not say what they serve are no reason to forget what it was.
    most.or(on).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(on: &str, healthy: &str) -> String {
        let name = |c: char| (c != '?').then(|| Release::from(c.to_string()));
        let on = on.chars().next().and_then(name);
        let healthy: Vec<Option<Release>> = healthy.chars().map(name).collect();
        choose(on.as_ref(), &healthy).map(|release| release.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_release_stays_until_no_healthy_replica_serves_it() {
        for (on, healthy, expected) in [
            // At the start, the one that most serve.
            ("", "aab", "a"),
            ("", "abb", "b"),
            ("", "ab", "a"),
            // A rollout, step by step.
            ("a", "aa", "a"),
            ("a", "aa?", "a"),
            ("a", "aab", "a"),
            ("a", "ab", "a"),
            ("a", "abb", "a"),
            ("a", "bb", "b"),
            ("b", "bba", "b"),
            // Nobody is well, or nobody says anything: nothing is learned.
            ("a", "", "a"),
            ("a", "??", "a"),
            ("", "", ""),
            ("", "?", ""),
            // The last one is gone, and three releases are left.
            ("a", "bccd", "c"),
        ] {
            assert_eq!(chosen(on, healthy), expected, "on {on:?}, {healthy:?}");
        }
    }
}
