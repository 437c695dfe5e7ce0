//! One replica of a service, and whether it is well.

use crate::upstream::release::Release;
use parking_lot::RwLock;
use service_kit::healthcheck;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// So many failed requests in a row put a replica aside.
const MAX_FAILURES: u32 = 3;
/// For so long, unless a check finds it well before.
const ASIDE: Duration = Duration::from_secs(5);

/// One replica.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) addr: SocketAddr,
    admin: SocketAddr,
    /// What it serves, as far as it has said.
    release: RwLock<Option<Release>>,
    is_well: AtomicBool,
    was_checked: AtomicBool,
    failures: AtomicU32,
    began: Instant,
    /// Milliseconds after `began` until which it is put aside.
    aside_until: AtomicU64,
}

impl Replica {
    /// One that is held to be well until it is found not to be.
    pub(crate) fn new(addr: SocketAddr, admin_port: u16) -> Self {
        Self {
            addr,
            admin: SocketAddr::new(addr.ip(), admin_port),
            release: RwLock::new(None),
            is_well: AtomicBool::new(true),
            was_checked: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            began: Instant::now(),
            aside_until: AtomicU64::new(0),
        }
    }

    /// Whether to send requests there.
    pub(crate) fn is_healthy(&self) -> bool {
        self.is_well.load(Ordering::Relaxed)
            && self.millis() >= self.aside_until.load(Ordering::Relaxed)
    }

    /// The release that it serves.
    pub(crate) fn release(&self) -> Option<Release> {
        self.release.read().clone()
    }

    /// Whether it serves `release`.
    pub(crate) fn serves(&self, release: Option<&Release>) -> bool {
        release.is_some() && self.release.read().as_ref() == release
    }

    /// Notes which release it serves.
    pub(crate) fn note_release(&self, release: &str) {
        if !release.is_empty() && self.release.read().as_deref() != Some(release) {
            *self.release.write() = Some(release.into());
        }
    }

    /// Notes that it did not answer a request.
    pub(crate) fn failed(&self) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= MAX_FAILURES {
            let aside = u64::try_from(ASIDE.as_millis()).unwrap_or(u64::MAX);
            self.aside_until.store(self.millis() + aside, Ordering::Relaxed);
        }
    }

    /// Notes that it answered a request.
    pub(crate) fn answered(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.aside_until.store(0, Ordering::Relaxed);
    }

    /// Asks its second listener, and returns whether it is well.
    pub(crate) async fn check(&self, service: &str) -> bool {
        let checked = healthcheck(self.admin, "/readyz").await;
        let is_well = checked.is_ok();
        if let Ok(well) = &checked
            && let Some(release) = &well.release
        {
            self.note_release(release);
        }
        let was_checked = self.was_checked.swap(true, Ordering::Relaxed);
        if self.is_well.swap(is_well, Ordering::Relaxed) != is_well {
            let addr = self.addr;
            match checked {
                Ok(_) => tracing::info!(upstream = service, "{service} at {addr} is well"),
                Err(error) if was_checked => {
                    tracing::warn!(upstream = service, "{service} at {addr} is not well: {error}");
                }
                // It may be starting.
                Err(error) => {
                    tracing::info!(upstream = service, "{service} at {addr} is not well: {error}");
                }
            }
        }
        is_well
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
