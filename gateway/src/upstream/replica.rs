//! One replica of a service, and whether it is well.

use crate::upstream::idle::Idle;
use crate::upstream::release::Release;
use crate::upstream::standing::Standing;
use parking_lot::{Mutex, RwLock};
use service_kit::healthcheck;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// One replica.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) addr: SocketAddr,
    admin: SocketAddr,
    /// What it serves, as far as it has said.
    release: RwLock<Option<Release>>,
    is_well: AtomicBool,
    was_checked: AtomicBool,
    /// Something is known against it, which is not asked for as long as nothing is.
    is_doubted: AtomicBool,
    standing: Mutex<Standing>,
    began: Instant,
    /// Of the relay. Pingora has its own.
    pub(crate) idle: Idle,
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
            is_doubted: AtomicBool::new(false),
            standing: Mutex::default(),
            began: Instant::now(),
            idle: Idle::default(),
        }
    }

    /// Whether to send requests there.
    pub(crate) fn is_healthy(&self) -> bool {
        self.is_well.load(Ordering::Relaxed)
            && !(self.is_doubted() && self.standing.lock().is_aside(self.millis()))
    }

    /// How many of the requests that are its turn it is to have, in percent.
    pub(crate) fn share(&self) -> u64 {
        if self.is_doubted() { self.standing.lock().share(self.millis()) } else { 100 }
    }

    fn is_doubted(&self) -> bool {
        self.is_doubted.load(Ordering::Relaxed)
    }

    /// Whether it was asked, and is well.
    pub(crate) fn is_known_to_be_well(&self) -> bool {
        self.was_checked.load(Ordering::Acquire) && self.is_well.load(Ordering::Acquire)
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
        let pause = self.standing.lock().failed(self.millis());
        self.is_doubted.store(true, Ordering::Relaxed);
        if let Some(pause) = pause {
            tracing::warn!("{} answers nobody and is left alone for {pause} ms", self.addr);
        }
    }

    /// Notes that it answered a request.
    pub(crate) fn answered(&self) {
        if self.is_doubted() {
            let mut standing = self.standing.lock();
            standing.answered(self.millis());
            self.is_doubted.store(!standing.is_clean(), Ordering::Relaxed);
        }
    }

    /// Asks its second listener, and returns whether it is well.
    pub(crate) async fn check(&self, service: &str) -> bool {
        self.idle.sweep(Instant::now());
        let checked = healthcheck(self.admin, "/readyz").await;
        let is_well = checked.is_ok();
        if let Ok(well) = &checked
            && let Some(release) = &well.release
        {
            self.note_release(release);
        }
        let was_well = self.is_well.swap(is_well, Ordering::Release);
        let was_checked = self.was_checked.swap(true, Ordering::Release);
        if was_well != is_well {
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
