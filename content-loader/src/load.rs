//! One run: from what blog-static serves to what readers see.

use crate::source::{BlogStatic, Served};
use crate::{LoadError, Report};
use domain::{
    Change, Comparison, CurrentRelease, Difference, Lease, PostWriter, ReleaseId, ReleaseSeq,
    StoreError,
};
use service_kit::Backoff;
use std::time::{Duration, Instant};

/// How many paths are retired at a time.
const BATCH: usize = 200;
/// How long a store that refuses us may do so: its users are perhaps being made.
const REFUSED: Duration = Duration::from_secs(3);
/// How much longer than a lease to wait for it, so that a dead loader's has surely expired.
const PATIENCE: Duration = Duration::from_secs(1);

/// How to load.
#[derive(Debug, Clone)]
pub struct Options {
    /// The release to register; `None` is the one that all replicas agree on.
    pub expected: Option<ReleaseId>,
    /// How long to wait for neighbours.
    pub deadline: Duration,
    /// How long a lease lasts. It is renewed before each batch.
    pub lease: Duration,
    /// How many releases stay, to be gone back to.
    pub keep: u32,
    /// Only say what would change.
    pub is_dry_run: bool,
    /// Take a release with less than half of the posts that are shown.
    pub allow_shrink: bool,
}

/// Registers the release that `source` serves in `posts`, and points readers at it.
///
/// Waits for both, takes the lease, removes what a dead run left, streams the posts, writes those
/// that differ, verifies that all are there, and only then flips the pointer. Running it twice
/// changes nothing. `progress` is told how many posts were read, of how many.
///
/// # Errors
///
/// [`LoadError`]. Whatever it is, readers see what they saw before, and running again is safe.
pub async fn load(
    source: &BlogStatic,
    posts: &dyn PostWriter,
    options: &Options,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Report, LoadError> {
    let started = Instant::now();
    let deadline = started + options.deadline;
    let served = source.agreed(options.expected, deadline).await?;
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    let mut told = String::new();
    let refused_until = Instant::now() + REFUSED;
    loop {
        let run = Run { source, posts, options, served: &served, progress };
        let error = match run.attempt(started, deadline).await {
            Err(error) if error.is_transient() && Instant::now() < deadline => error,
            Err(error) if error.is_refusal() && Instant::now() < refused_until => error,
            done => return done,
        };
        let why = crate::error::chain(&error);
        if why != told {
            tracing::warn!("waiting for the store: {why}");
            told = why;
        }
        backoff.pause().await;
    }
}

/// What one attempt needs.
struct Run<'a> {
    source: &'a BlogStatic,
    posts: &'a dyn PostWriter,
    options: &'a Options,
    served: &'a Served,
    progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl Run<'_> {
    async fn attempt(&self, started: Instant, deadline: Instant) -> Result<Report, LoadError> {
        self.posts.prepare().await?;
        let current = self.posts.current().await?;
        if let Some(current) = current.as_ref().filter(|current| self.is_served(current)) {
            return Ok(Report::Unchanged(current.clone()));
        }
        self.refuse_shrinking(current.as_ref())?;
        if self.options.is_dry_run {
            return self.compare(None).await.map(Report::Planned);
        }
        let lease = take_lease(self.posts, self.options.lease, deadline).await?;
        let done = self.register(&lease, started).await;
        if let Err(error) = self.posts.give_back(&lease).await {
            tracing::warn!("the lease stays until it expires: {error}");
        }
        done
    }

    fn is_served(&self, release: &CurrentRelease) -> bool {
        release.id == self.served.manifest.id
    }

    fn refuse_shrinking(&self, current: Option<&CurrentRelease>) -> Result<(), LoadError> {
        let (served, shown) =
            (self.served.manifest.posts, current.map_or(0, |current| current.posts));
        if served * 2 < shown && !self.options.allow_shrink {
            return Err(LoadError::Shrunk { served, shown });
        }
        Ok(())
    }

    /// Makes the release the one that readers see. Who held the lease before may have done it.
    async fn register(&self, lease: &Lease, started: Instant) -> Result<Report, LoadError> {
        let current = self.posts.current().await?;
        if let Some(current) = current.filter(|current| self.is_served(current)) {
            return Ok(Report::Unchanged(current));
        }
        let head = self.posts.head().await?;
        let (release, difference) = match head.filter(|head| self.is_served(head)) {
            // It was gone back from: the posts are all there.
            Some(head) => {
                let difference = Difference { unchanged: head.posts, ..Difference::default() };
                (self.posts.flip(lease, head.seq).await?, difference)
            }
            None => self.write(lease).await?,
        };
        // Whatever happens now, the pointer is where it should be.
        let collected =
            self.posts.collect(lease, self.options.keep).await.unwrap_or_else(|error| {
                tracing::warn!("old versions stay until the next run: {error}");
                0
            });
        Ok(Report::Registered { release, difference, collected, took: started.elapsed() })
    }

    /// Writes the release and flips the pointer.
    async fn write(&self, lease: &Lease) -> Result<(CurrentRelease, Difference), LoadError> {
        let cleaned = self.posts.recover(lease).await?;
        if cleaned > 0 {
            tracing::info!("cleaned up {cleaned} versions that a run had left unfinished");
        }
        let manifest = &self.served.manifest;
        let seq = self.posts.begin(lease, &manifest.id, manifest.posts).await?;
        let difference = self.compare(Some((lease, seq))).await?;
        for paths in difference.removed.chunks(BATCH) {
            renew(self.posts, lease).await?;
            self.posts.retire(lease, seq, paths).await?;
        }
        let stored = self.posts.count(seq).await?;
        if stored != manifest.posts {
            let announced = manifest.posts;
            let what = format!("{stored} posts are stored where {announced} were announced");
            return Err(self.broken(&what));
        }
        renew(self.posts, lease).await?;
        Ok((self.posts.flip(lease, seq).await?, difference))
    }

    /// Reads all posts and finds what differs from the newest complete release; writes that as
    /// release `target`, if there is one.
    async fn compare(&self, target: Option<(&Lease, ReleaseSeq)>) -> Result<Difference, LoadError> {
        let mut comparison = Comparison::with(self.posts.visible_in_head().await?);
        let mut reading = self.source.posts(self.served).await?;
        let mut read = 0;
        while let Some(posts) = reading.next().await? {
            read += posts.len() as u64;
            let (mut new, mut replaced) = (Vec::new(), Vec::new());
            for post in posts {
                let path = &post.summary.path;
                match comparison.take(path, post.hash).map_err(|twice| self.broken(&twice))? {
                    Change::Unchanged => continue,
                    Change::Changed => replaced.push(path.clone()),
                    Change::Added => {}
                }
                new.push(post);
            }
            if let Some((lease, seq)) = target
                && !new.is_empty()
            {
                renew(self.posts, lease).await?;
                // The old version ends before the new one begins: a path has one open version.
                self.posts.retire(lease, seq, &replaced).await?;
                self.posts.insert(lease, seq, &new).await?;
            }
            (self.progress)(read, self.served.manifest.posts);
        }
        Ok(comparison.finish())
    }

    fn broken(&self, what: &impl ToString) -> LoadError {
        LoadError::Broken { id: self.served.manifest.id.short(), what: what.to_string() }
    }
}

/// Takes the lease, or waits until the one of a loader that died has expired.
pub(crate) async fn take_lease(
    posts: &dyn PostWriter,
    lasts: Duration,
    deadline: Instant,
) -> Result<Lease, LoadError> {
    // Two runs of one machine are two holders.
    let holder = uuid::Uuid::now_v7().to_string();
    let patience = (Instant::now() + lasts + PATIENCE).min(deadline);
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
    loop {
        match posts.lease(&holder, lasts).await? {
            Some(lease) => return Ok(lease),
            None if Instant::now() >= patience => return Err(LoadError::Busy(lasts)),
            None => backoff.pause().await,
        }
    }
}

/// Makes the lease last again, as long as it is still ours.
async fn renew(posts: &dyn PostWriter, lease: &Lease) -> Result<(), LoadError> {
    match posts.lease(&lease.holder, lease.lasts).await? {
        Some(_) => Ok(()),
        None => Err(StoreError::LeaseLost.into()),
    }
}
