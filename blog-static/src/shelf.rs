//! The release that is served now.

use async_trait::async_trait;
use release::{Release, ReleaseError};
use service_kit::{NotReady, Probe};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

/// How often to look whether another release lies in the folder.
const LOOK: Duration = Duration::from_secs(1);

/// Holds the release that is served, or none yet. Clones are the same shelf.
///
/// A request takes the release once, so an exchange is seen between two requests and never within
/// one.
#[derive(Debug, Clone, Default)]
pub struct Shelf(Arc<RwLock<Option<Arc<Release>>>>);

impl Shelf {
    /// Serves `release` from the next request on.
    pub fn put(&self, release: Release) {
        tracing::info!(
            "serving release {} with {} posts",
            release.index().id.short(),
            release.index().posts.count
        );
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(release));
    }

    /// What is served now.
    #[must_use]
    pub fn take(&self) -> Option<Arc<Release>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Follows `folder` for ever: waits for a release there, and exchanges it when another is
    /// built. One that cannot be read leaves the old one in service.
    pub async fn follow(self, folder: PathBuf) {
        let mut seen = None;
        let mut told = String::new();
        loop {
            let stamp = stamp(&folder);
            if stamp.is_none() || stamp != seen {
                match self.open(&folder) {
                    Ok(()) => {
                        seen = stamp;
                        told.clear();
                    }
                    Err(error) if told != error.to_string() => {
                        told = error.to_string();
                        tracing::warn!("waiting for a release: {told}");
                    }
                    Err(_) => {}
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn open(&self, folder: &Path) -> Result<(), ReleaseError> {
        let release = Release::open(folder)?;
        let is_same = |served: &Release| {
            served.index() == release.index() && served.carried() == release.carried()
        };
        if self.take().is_none_or(|served| !is_same(&served)) {
            self.put(release);
        }
        Ok(())
    }
}

/// Changes when another index, or another list of what is carried, is put in place.
fn stamp(folder: &Path) -> Option<[Option<(SystemTime, u64)>; 2]> {
    let look = |name| {
        let metadata = std::fs::metadata(folder.join(name)).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    let index = look("index.json")?;
    Some([Some(index), look("carried.json")])
}

#[async_trait]
impl Probe for Shelf {
    async fn ready(&self) -> Result<(), NotReady> {
        match self.take() {
            Some(_) => Ok(()),
            None => Err(NotReady("there is no release yet".into())),
        }
    }
    fn release(&self) -> Option<String> {
        Some(self.take()?.index().id.to_string())
    }
}
