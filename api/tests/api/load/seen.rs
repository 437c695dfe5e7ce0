//! What readers saw.

use crate::load::question::{Kind, Question};
use std::fmt;
use std::time::Duration;

/// When something was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Before,
    During,
    After,
}

impl Phase {
    pub(super) const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];
}

/// What came of a question.
#[derive(Debug)]
pub(super) enum Outcome {
    Right,
    /// 503, which says so.
    Refused,
    /// Anything else, and what.
    Wrong(String),
}

/// All outcomes, by phase and kind.
#[derive(Debug, Default)]
pub(super) struct Seen {
    sums: [[Sum; 4]; 3],
    pub(super) wrong: Vec<String>,
}

/// How often, and how long the longest took.
#[derive(Debug, Default)]
pub(super) struct Sum {
    right: usize,
    pub(super) refused: usize,
    wrong: usize,
    slowest: Duration,
}

impl Seen {
    pub(super) fn of(&self, phase: Phase, kind: Kind) -> &Sum {
        &self.sums[phase as usize][kind as usize]
    }

    pub(super) fn note(
        &mut self,
        phase: Phase,
        question: &Question,
        outcome: Outcome,
        took: Duration,
    ) {
        let sum = &mut self.sums[phase as usize][question.kind as usize];
        sum.slowest = sum.slowest.max(took);
        match outcome {
            Outcome::Right => sum.right += 1,
            Outcome::Refused => sum.refused += 1,
            Outcome::Wrong(what) => {
                sum.wrong += 1;
                self.wrong.push(format!("{phase:?}: {what}"));
            }
        }
    }
}

impl Sum {
    pub(super) fn asked(&self) -> usize {
        self.right + self.refused + self.wrong
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{} × 200", self.right)?;
        if self.refused > 0 {
            write!(formatter, ", {} × 503", self.refused)?;
        }
        if self.wrong > 0 {
            write!(formatter, ", {} wrong", self.wrong)?;
        }
        write!(formatter, "; {} ms", self.slowest.as_millis())
    }
}
