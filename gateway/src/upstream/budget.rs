//! How many requests may be made a second time. Time is an argument.
//!
//! Without a bound, a service that answers nobody is asked twice as often, when it can bear it
//! least.

use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// So many seconds count.
const WINDOW: usize = 10;
/// Of so many requests, one may be made again.
const ONE_IN: u32 = 5;
/// So many a second may be, however few requests there are.
const ALWAYS: u32 = 5;

/// What happened in the last seconds.
#[derive(Debug)]
pub(crate) struct Budget {
    began: Instant,
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    /// The second that is counted now.
    now: u64,
    seconds: [Second; WINDOW],
}

#[derive(Debug, Clone, Copy, Default)]
struct Second {
    requests: u32,
    retries: u32,
}

impl Budget {
    pub(crate) fn new(began: Instant) -> Self {
        Self { began, window: Mutex::default() }
    }

    /// Counts a request.
    pub(crate) fn note(&self, now: Instant) {
        self.with(now, |window| window.current().requests += 1);
    }

    /// Counts a second try, if there may be one.
    pub(crate) fn spend(&self, now: Instant) -> bool {
        self.with(now, |window| {
            let sum = |count: fn(&Second) -> u32| window.seconds.iter().map(count).sum::<u32>();
            let always = ALWAYS * u32::try_from(WINDOW).unwrap_or(u32::MAX);
            let allowed = always.max(sum(|second| second.requests) / ONE_IN);
            let may = sum(|second| second.retries) < allowed;
            window.current().retries += u32::from(may);
            may
        })
    }

    fn with<T>(&self, now: Instant, change: impl FnOnce(&mut Window) -> T) -> T {
        let now: Duration = now.saturating_duration_since(self.began);
        let mut window = self.window.lock();
        window.advance(now.as_secs());
        change(&mut window)
    }
}

impl Window {
    fn advance(&mut self, now: u64) {
        let passed = now.saturating_sub(self.now);
        for at in 1..=passed.min(WINDOW as u64) {
            self.seconds[slot(self.now + at)] = Second::default();
        }
        self.now = self.now.max(now);
    }

    fn current(&mut self) -> &mut Second {
        &mut self.seconds[slot(self.now)]
    }
}

fn slot(second: u64) -> usize {
    usize::try_from(second % WINDOW as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(budget: &Budget, now: Instant) -> usize {
        (0..10_000).filter(|_| budget.spend(now)).count()
    }

    #[test]
    fn few_requests_may_all_be_made_again_and_of_many_a_fifth() {
        let began = Instant::now();
        let (few, many) = (Budget::new(began), Budget::new(began));
        (0..10).for_each(|_| few.note(began));
        (0..1000).for_each(|_| many.note(began));

        assert_eq!((spent(&few, began), spent(&many, began)), (50, 200));
    }

    #[test]
    fn what_is_long_ago_counts_no_more() {
        let began = Instant::now();
        let budget = Budget::new(began);
        let at = |seconds| began + Duration::from_secs(seconds);
        (0..1000).for_each(|_| budget.note(at(0)));
        assert_eq!(spent(&budget, at(1)), 200);

        assert_eq!(spent(&budget, at(9)), 0, "the same window");
        assert_eq!(spent(&budget, at(10)), 0, "the requests are over, the tries are not");
        assert_eq!(spent(&budget, at(11)), 50, "all is over");
        assert_eq!(spent(&budget, at(1_000_000)), 50);
    }
}
