//! How far a replica is trusted, from how its last requests went. Pure; times are milliseconds.

/// So many failed requests in a row put a replica aside.
const MAX_FAILURES: u32 = 3;
/// For so long the first time, and twice as long each time that follows.
const ASIDE: u64 = 5_000;
/// But no longer.
const LONGEST: u64 = 60_000;
/// From then on its share grows for so long, and one failure puts it aside again.
const RETURN: u64 = 10_000;
/// The share that it begins with, in percent.
const FIRST_SHARE: u64 = 10;

/// What is held of one replica.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standing {
    failures: u32,
    /// How often it was put aside, since it did well for long enough.
    times: u32,
    aside_until: u64,
}

impl Standing {
    /// A request failed. Whether the replica is put aside by that, and for how long.
    pub(super) fn failed(&mut self, now: u64) -> Option<u64> {
        self.failures += 1;
        let is_returning = self.times > 0;
        if self.is_aside(now) || (self.failures < MAX_FAILURES && !is_returning) {
            return None;
        }
        let pause = ASIDE.saturating_mul(1 << self.times.min(10)).min(LONGEST);
        *self = Self { failures: 0, times: self.times + 1, aside_until: now + pause };
        Some(pause)
    }

    /// A request was answered.
    pub(super) fn answered(&mut self, now: u64) {
        self.failures = 0;
        if self.times > 0 && now >= self.aside_until + RETURN {
            *self = Self::default();
        }
    }

    /// Whether it is to have no requests.
    pub(super) fn is_aside(&self, now: u64) -> bool {
        now < self.aside_until
    }

    /// How many of the requests that are its turn it is to have, in percent.
    pub(super) fn share(&self, now: u64) -> u64 {
        if self.times == 0 {
            return 100;
        }
        let since = now.saturating_sub(self.aside_until).min(RETURN);
        FIRST_SHARE + (100 - FIRST_SHARE) * since / RETURN
    }

    /// Nothing is known against it.
    pub(super) fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_a_row_put_it_aside_and_its_share_grows_again() {
        let mut standing = Standing::default();
        standing.failed(0);
        standing.failed(0);
        standing.answered(0);
        assert_eq!([standing.failed(0), standing.failed(0)], [None, None]);
        assert_eq!(standing.failed(0), Some(5_000));
        assert_eq!(standing.failed(1), None, "what was on its way counts no more");

        assert!(standing.is_aside(4_999) && !standing.is_aside(5_000));
        let shares = [5_000, 10_000, 14_999, 15_000].map(|now| standing.share(now));
        assert_eq!(shares, [10, 55, 99, 100]);
        standing.answered(15_000);
        assert!(standing.is_clean());
    }

    #[test]
    fn one_that_fails_again_stays_away_for_longer() {
        let mut standing = Standing::default();
        let mut now = 0;
        let mut pauses = Vec::new();
        (0..2).for_each(|_| assert_eq!(standing.failed(now), None));
        for _ in 0..6 {
            let pause = standing.failed(now).unwrap();
            pauses.push(pause / 1_000);
            now += pause;
            standing.answered(now);
        }

        assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
    }
}
