//! Views and likes: hits are gathered in one place and kept for good in another.
//!
//! A hit is counted once for each visitor and day. What was gathered is taken over in numbered
//! batches: a batch stays as it is until it is settled, and adding it twice changes nothing, so
//! whoever carries it may be killed at any point.

use crate::{PostPath, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Counted {
    /// Somebody opened the post.
    View,
    /// Somebody liked it.
    Like,
}

/// A day of UTC. Who a visitor is, is known for one day at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Day {
    /// Days since 1970.
    pub number: i64,
    /// How much of it is left, at least a second.
    pub left: Duration,
}

/// Somebody opened or liked a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Which post.
    pub path: PostPath,
    /// What to count.
    pub counted: Counted,
    /// A hash of the visitor, salted for the day.
    pub visitor: [u8; 16],
    /// The day.
    pub day: Day,
    /// So many hits of one visitor are taken in a minute.
    pub most_per_minute: u32,
}

/// What became of a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitOutcome {
    /// It counts.
    New,
    /// This visitor was counted today.
    Known,
    /// This visitor sends too many.
    TooMany,
}

/// Views and likes of one post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Visitors and days on which they opened it.
    pub views: u64,
    /// Visitors and days on which they liked it.
    pub likes: u64,
}

/// What was gathered since the batch before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Greater than that of any batch before: microseconds since 1970, or the number after the
    /// last.
    pub number: i64,
    /// What to add, each post once.
    pub counts: Vec<(PostPath, Counts)>,
}

/// What is kept of a post.
#[derive(Debug, Clone, PartialEq)]
pub struct PostCounts {
    /// Which post.
    pub path: PostPath,
    /// The sums.
    pub counts: Counts,
    /// How popular it is; see [`Batch::weight`].
    pub score: f64,
    /// The batch that was added last.
    pub batch: i64,
}

/// Gathers hits. Replicas share one, or each has its own and then there is only one.
#[async_trait]
pub trait Tally: Send + Sync {
    /// The salt of `day`: `fresh`, if nobody has asked before. It is forgotten when the day ends.
    async fn salt(&self, day: Day, fresh: [u8; 32]) -> Result<[u8; 32], StoreError>;

    /// Counts a hit, unless its visitor was counted. All of it happens or nothing.
    async fn hit(&self, hit: &Hit) -> Result<HitOutcome, StoreError>;

    /// What is to be added to the store next, or `None` if there is nothing. The same batch until
    /// it is settled.
    async fn batch(&self) -> Result<Option<Batch>, StoreError>;

    /// Forgets the batch with this number, which the store has. Nothing happens if it was
    /// forgotten before.
    async fn settle(&self, number: i64) -> Result<(), StoreError>;
}

/// Keeps counts for good.
#[async_trait]
pub trait CountStore: Send + Sync {
    /// Adds `batch`. A post that has this batch or a later one is left as it is.
    async fn add(&self, batch: &Batch) -> Result<(), StoreError>;

    /// The posts whose last batch is `batch` or a later one; all from 0 on.
    async fn counted_since(&self, batch: i64) -> Result<Vec<PostCounts>, StoreError>;
}

impl Day {
    /// The day of `now`.
    ///
    /// ```
    /// let day = domain::Day::of("1970-01-02T23:59:00Z".parse().unwrap());
    /// assert_eq!((day.number, day.left.as_secs()), (1, 60));
    /// ```
    #[must_use]
    pub fn of(now: Timestamp) -> Self {
        const SECONDS: i64 = 24 * 60 * 60;
        let second = now.as_second();
        let left = SECONDS - second.rem_euclid(SECONDS);
        Self {
            number: second.div_euclid(SECONDS),
            left: Duration::from_secs(left.unsigned_abs().max(1)),
        }
    }
}

impl Counts {
    /// A like says as much as so many views.
    const VIEWS_PER_LIKE: f64 = 5.0;

    /// Adds one.
    pub fn count(&mut self, counted: Counted) {
        match counted {
            Counted::View => self.views += 1,
            Counted::Like => self.likes += 1,
        }
    }

    /// One number for both.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a score is no count")]
    pub fn points(&self) -> f64 {
        self.views as f64 + self.likes as f64 * Self::VIEWS_PER_LIKE
    }
}

impl Batch {
    /// In so many days a hit loses half of its weight.
    const HALF_LIFE_DAYS: f64 = 14.0;

    /// What a point of this batch adds to a score. Instead of letting old points lose weight, new
    /// ones gain it (forward decay, Cormode et al. 2009): twice as much every half life, so that
    /// scores only ever grow and their order is that of the decayed ones. Counted from 2026, an
    /// `f64` lasts for 39 years.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a score is no count")]
    pub fn weight(&self) -> f64 {
        const MICROS_OF_2026: i64 = 1_767_225_600_000_000;
        const MICROS_PER_DAY: f64 = 86_400_000_000.0;
        let days = (self.number - MICROS_OF_2026) as f64 / MICROS_PER_DAY;
        (days / Self::HALF_LIFE_DAYS).exp2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_weighs_half_as_much_after_two_weeks() {
        let weight = |day: i64| {
            let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
            let number = at.as_microsecond() + day * 86_400_000_000;
            Batch { number, counts: Vec::new() }.weight()
        };

        assert!((weight(0) - 1.0).abs() < 1e-9);
        assert!((weight(28) / weight(14) - 2.0).abs() < 1e-9);
        assert!(weight(39 * 365).is_finite());
    }

    #[test]
    fn a_like_is_worth_several_views() {
        let mut counts = Counts::default();
        for counted in [Counted::View, Counted::Like, Counted::View] {
            counts.count(counted);
        }

        assert_eq!(counts, Counts { views: 2, likes: 1 });
        assert!((counts.points() - 7.0).abs() < 1e-9);
    }
}
