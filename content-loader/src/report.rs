//! What a run did, for people.

use domain::{CurrentRelease, Difference};
use std::fmt;
use std::time::Duration;

/// What a run did. Its `Display` is the summary line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Readers see the release already.
    Unchanged(CurrentRelease),
    /// Readers see the release now.
    Registered {
        /// What readers see.
        release: CurrentRelease,
        /// What changed against the newest release before it.
        difference: Difference,
        /// Old versions that were removed.
        collected: u64,
        /// How long the run took, waiting included.
        took: Duration,
    },
    /// `--dry-run`: what would change. Nothing was written.
    Planned(Difference),
    /// Readers see an older release again.
    RolledBack(CurrentRelease),
}

impl Report {
    /// Logs it as one line, with its figures as fields.
    pub fn log(&self) {
        match self {
            Self::Registered { release, difference, took, .. } => {
                let duration = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                self.line(Some(release), difference, Some(duration));
            }
            Self::Planned(difference) => self.line(None, difference, None),
            Self::Unchanged(release) | Self::RolledBack(release) => {
                self.line(Some(release), &Difference::default(), None);
            }
        }
    }

    fn line(
        &self,
        release: Option<&CurrentRelease>,
        difference: &Difference,
        duration_ms: Option<u64>,
    ) {
        tracing::info!(
            release = release.map(|release| release.id.to_string()),
            posts = release.map(|release| release.posts),
            added = difference.added.len(),
            changed = difference.changed.len(),
            removed = difference.removed.len(),
            duration_ms,
            "{self}"
        );
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchanged(release) => {
                let (id, seq) = (release.id.short(), release.seq);
                write!(f, "nothing to do: readers see release {id} (number {seq}) already")
            }
            Self::Registered { release, difference, collected, took } => write!(
                f,
                "readers see release {} (number {}) with {} posts: {}, {collected} old versions \
                 removed, {} ms",
                release.id.short(),
                release.seq,
                release.posts,
                Counts(difference),
                took.as_millis(),
            ),
            Self::Planned(difference) => {
                for path in &difference.added {
                    writeln!(f, "+ {path}")?;
                }
                for path in &difference.changed {
                    writeln!(f, "~ {path}")?;
                }
                for path in &difference.removed {
                    writeln!(f, "- {path}")?;
                }
                write!(f, "{}; nothing was written", Counts(difference))
            }
            Self::RolledBack(release) => {
                let (id, seq) = (release.id.short(), release.seq);
                write!(f, "readers see release {id} (number {seq}) again")
            }
        }
    }
}

struct Counts<'a>(&'a Difference);

impl fmt::Display for Counts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { added, changed, removed, unchanged } = self.0;
        let (added, changed, removed) = (added.len(), changed.len(), removed.len());
        write!(f, "{added} added, {changed} changed, {removed} removed, {unchanged} unchanged")
    }
}
