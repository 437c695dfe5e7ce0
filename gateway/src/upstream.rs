//! One service behind the gateway: its replicas, found by name, checked, and taken in turn.

mod budget;
mod idle;
mod metrics;
mod names;
mod release;
mod replica;
mod standing;

pub(crate) use self::budget::Budget;
pub(crate) use self::idle::UPSTREAM_IDLE;
pub(crate) use self::metrics::ReplicaMetrics;
pub use self::names::Names;
pub(crate) use self::names::SystemNames;
pub(crate) use self::release::Release;
pub(crate) use self::replica::Replica;
use futures_util::future::join_all;
use parking_lot::RwLock;
use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How often names are asked again and replicas checked. Docker removes a replica from its DNS
/// about two seconds before it stops it.
const LOOK: Duration = Duration::from_secs(1);
/// A name server that takes longer does not answer.
const RESOLVE_DEADLINE: Duration = Duration::from_secs(2);

/// Where replicas of a service are: a name or address, its port, and the port of its second
/// listener. Written `host:port/admin port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    host: String,
    port: u16,
    admin_port: u16,
}

/// The text is not `host:port/admin port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write `host:port/admin port`")]
pub struct OriginError;

impl Origin {
    /// `host` is a DNS name or an address.
    #[must_use]
    pub fn new(host: &str, port: u16, admin_port: u16) -> Self {
        Self { host: host.to_owned(), port, admin_port }
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let (addr, admin_port) = text.rsplit_once('/').ok_or(OriginError)?;
        let (host, port) = addr.rsplit_once(':').ok_or(OriginError)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let number = |text: &str| text.parse::<u16>().map_err(|_| OriginError);
        if host.is_empty() {
            return Err(OriginError);
        }
        Ok(Self::new(host, number(port)?, number(admin_port)?))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, admin_port } = self;
        if host.contains(':') {
            return write!(f, "[{host}]:{port}/{admin_port}");
        }
        write!(f, "{host}:{port}/{admin_port}")
    }
}

/// One service and its replicas.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) name: &'static str,
    origins: Vec<Origin>,
    replicas: RwLock<Vec<Arc<Replica>>>,
    turn: AtomicUsize,
    metrics: ReplicaMetrics,
    names: Arc<dyn Names>,
    /// How many requests may be made a second time.
    pub(crate) budget: Budget,
    /// The release that readers see.
    releases: RwLock<Releases>,
}

/// The release that readers see, and the one that they saw before.
#[derive(Debug, Clone, Default)]
struct Releases {
    on: Option<Release>,
    before: Option<Release>,
}

/// What another try hopes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// An answer.
    Answer,
    /// A file that the release of the first replica may not have.
    OtherRelease,
}

impl Upstream {
    /// A service whose replicas are not known yet, but for those given by address.
    pub(crate) fn new(
        name: &'static str,
        origins: Vec<Origin>,
        metrics: ReplicaMetrics,
        names: Arc<dyn Names>,
    ) -> Self {
        let known = origins.iter().filter_map(|origin| {
            let addr = SocketAddr::new(origin.host.parse().ok()?, origin.port);
            Some(Arc::new(Replica::new(addr, origin.admin_port)))
        });
        let replicas = RwLock::new(known.collect());
        Self {
            name,
            origins,
            replicas,
            turn: AtomicUsize::new(0),
            metrics,
            names,
            budget: Budget::new(Instant::now()),
            releases: RwLock::default(),
        }
    }

    /// The next replica in turn, not one of `tried`: a healthy one of the release that readers see;
    /// if there is none, a healthy one; if there is none, any, since a try is better than a
    /// refusal. A second try takes nobody's turn: with two replicas, every request would begin at
    /// the one that fails. One that was put aside not long ago lets the others have most of its
    /// turns.
    pub(crate) fn pick(&self, tried: &[SocketAddr], wish: Wish) -> Option<Arc<Replica>> {
        let replicas = self.replicas.read();
        let on = self.update_release(&replicas);
        let turn = match tried {
            [] => self.turn.fetch_add(1, Ordering::Relaxed),
            _ => self.turn.load(Ordering::Relaxed),
        };
        let rank = |replica: &Replica| {
            let is_wished = replica.serves(on.as_ref()) == (wish == Wish::Answer);
            (replica.is_healthy(), is_wished)
        };
        let fresh = || replicas.iter().filter(|replica| !tried.contains(&replica.addr));
        let best = fresh().map(|replica| rank(replica)).max()?;
        let equals = || fresh().filter(|replica| rank(replica) == best);
        let nth = turn % equals().count().max(1);
        let next = equals().nth(nth).or_else(|| equals().next()).or_else(|| fresh().next())?;
        let share = next.share();
        if share > scattered(turn) {
            return Some(next.clone());
        }
        let trusted = || equals().filter(|replica| replica.share() > share);
        let nth = turn % trusted().count().max(1);
        Some(trusted().nth(nth).unwrap_or(next).clone())
    }

    /// The release that readers see, and the one that they saw before.
    pub(crate) fn releases(&self) -> (Option<Release>, Option<Release>) {
        let on = self.update_release(&self.replicas.read());
        (on, self.releases.read().before.clone())
    }

    /// Changes to another release if no healthy replica serves the one that readers see.
    fn update_release(&self, replicas: &[Arc<Replica>]) -> Option<Release> {
        let on = self.releases.read().on.clone();
        let is_there = |replica: &Arc<Replica>| replica.is_healthy() && replica.serves(on.as_ref());
        if replicas.iter().any(is_there) {
            return on;
        }
        let healthy = replicas.iter().filter(|replica| replica.is_healthy());
        let healthy: Vec<Option<Release>> = healthy.map(|replica| replica.release()).collect();
        let mut releases = self.releases.write();
        let next = release::choose(releases.on.as_ref(), &healthy);
        if releases.on != next {
            let id = next.as_deref().unwrap_or_default();
            tracing::info!(upstream = self.name, "{} serves release {id} now", self.name);
            releases.before = std::mem::replace(&mut releases.on, next.clone());
        }
        next
    }

    /// Whether another replica than those `tried` could be asked.
    pub(crate) fn has_other(&self, tried: &[SocketAddr]) -> bool {
        self.replicas.read().iter().any(|replica| !tried.contains(&replica.addr))
    }

    /// Whether a replica is there that was not found to be ill.
    pub(crate) fn is_ready(&self) -> bool {
        self.replicas.read().iter().any(|replica| replica.is_healthy())
    }

    /// Whether a replica is there that was asked, and is well.
    pub(crate) fn is_known_to_be_ready(&self) -> bool {
        self.replicas.read().iter().any(|replica| replica.is_known_to_be_well())
    }

    /// Follows the service for ever: asks for its addresses and checks its replicas.
    pub(crate) async fn follow(&self) {
        loop {
            self.resolve().await;
            let replicas = self.replicas.read().clone();
            let healthy = join_all(replicas.iter().map(|replica| replica.check(self.name))).await;
            let healthy = healthy.into_iter().filter(|is_healthy| *is_healthy).count();
            self.metrics.set(self.name, healthy, replicas.len());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Takes the addresses that the names have now. The last good set stays when there is no
    /// answer or an empty one.
    async fn resolve(&self) {
        let mut found = BTreeSet::new();
        for origin in &self.origins {
            let asked = self.names.addresses(&origin.host, origin.port);
            match tokio::time::timeout(RESOLVE_DEADLINE, asked).await {
                Ok(Ok(addrs)) => {
                    found.extend(addrs.into_iter().map(|addr| (addr, origin.admin_port)));
                }
                // A part of the set would send everybody to that part.
                Ok(Err(_)) | Err(_) => return,
            }
        }
        if found.is_empty() {
            return;
        }
        let mut replicas = self.replicas.write();
        let known = |addr: &SocketAddr| replicas.iter().find(|replica| replica.addr == *addr);
        let next: Vec<Arc<Replica>> = found
            .iter()
            .map(|(addr, admin_port)| match known(addr) {
                Some(replica) => replica.clone(),
                None => Arc::new(Replica::new(*addr, *admin_port)),
            })
            .collect();
        if next.len() != replicas.len() || next.iter().any(|replica| known(&replica.addr).is_none())
        {
            let addrs: Vec<String> = next.iter().map(|replica| replica.addr.to_string()).collect();
            tracing::info!(upstream = self.name, "{} is at {}", self.name, addrs.join(", "));
        }
        *replicas = next;
    }
}

/// From 0 to 99, not in step with anything.
fn scattered(turn: usize) -> u64 {
    // The highest bits of a product with this constant depend on all others (Knuth).
    ((turn as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 100
}

#[cfg(test)]
mod tests;
