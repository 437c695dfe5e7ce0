//! One service behind the gateway: its replicas, found by name, checked, and taken in turn.

mod metrics;
mod release;
mod replica;

pub(crate) use self::metrics::ReplicaMetrics;
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
use std::time::Duration;

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
    pub(crate) fn new(name: &'static str, origins: Vec<Origin>, metrics: ReplicaMetrics) -> Self {
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
            releases: RwLock::default(),
        }
    }

    /// The next replica in turn, not one of `tried`: a healthy one of the release that readers see;
    /// if there is none, a healthy one; if there is none, any, since a try is better than a
    /// refusal. A second try takes nobody's turn: with two replicas, every request would begin at
    /// the one that fails.
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
        equals().nth(nth).or_else(|| equals().next()).or_else(|| fresh().next()).cloned()
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
            let asked = tokio::net::lookup_host((origin.host.as_str(), origin.port));
            match tokio::time::timeout(RESOLVE_DEADLINE, asked).await {
                Ok(Ok(addrs)) => found.extend(addrs.map(|addr| (addr, origin.admin_port))),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(addresses: &[&str]) -> Upstream {
        let origins = addresses.iter().map(|text| text.parse().unwrap()).collect();
        Upstream::new("api", origins, ReplicaMetrics::default())
    }

    #[test]
    fn an_origin_reads_back_as_it_was_written() {
        for text in ["tasks.api:8081/9081", "10.0.0.1:1/2", "[::1]:80/81"] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), text);
        }
        for text in ["api", "api:80", ":80/81", "api:80/x", "api:99999/1"] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn replicas_are_taken_in_turn_and_not_twice() {
        let upstream = upstream(&["127.0.0.1:1/9", "127.0.0.1:2/9"]);

        let first = upstream.pick(&[], Wish::Answer).unwrap().addr;
        let second = upstream.pick(&[], Wish::Answer).unwrap().addr;

        assert_ne!(first, second);
        assert_eq!(upstream.pick(&[first], Wish::Answer).unwrap().addr, second);
        assert!(upstream.pick(&[first, second], Wish::Answer).is_none());
    }

    #[test]
    fn a_second_try_takes_nobodys_turn() {
        let upstream = upstream(&["127.0.0.1:1/9", "127.0.0.1:2/9"]);

        let firsts: Vec<SocketAddr> = (0..4)
            .map(|_| {
                let first = upstream.pick(&[], Wish::Answer).unwrap().addr;
                assert_ne!(upstream.pick(&[first], Wish::Answer).unwrap().addr, first);
                first
            })
            .collect();

        assert_ne!(firsts[0], firsts[1]);
        assert_eq!(firsts[..2], firsts[2..]);
    }

    #[test]
    fn an_ill_replica_is_left_alone_unless_all_are() {
        let upstream = upstream(&["127.0.0.1:1/9", "127.0.0.1:2/9"]);
        let ill = upstream.pick(&[], Wish::Answer).unwrap();
        for _ in 0..3 {
            ill.failed();
        }

        for _ in 0..4 {
            assert_ne!(upstream.pick(&[], Wish::Answer).unwrap().addr, ill.addr);
        }
        let other = upstream.pick(&[], Wish::Answer).unwrap();
        (0..3).for_each(|_| other.failed());
        assert!(upstream.pick(&[], Wish::Answer).is_some());
    }

    /// Ten picks, as ports.
    fn picked(upstream: &Upstream) -> Vec<u16> {
        let mut ports: Vec<u16> =
            (0..10).map(|_| upstream.pick(&[], Wish::Answer).unwrap().addr.port()).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    #[test]
    fn while_replicas_roll_readers_see_one_release_and_then_the_other() {
        let upstream = upstream(&["127.0.0.1:1/9", "127.0.0.1:2/9", "127.0.0.1:3/9"]);
        let replicas = upstream.replicas.read().clone();
        assert_eq!(picked(&upstream), [1, 2, 3], "nobody has said anything");

        replicas[0].note_release("old");
        replicas[1].note_release("old");
        assert_eq!(picked(&upstream), [1, 2], "the third has not said what it serves");
        replicas[2].note_release("new");
        assert_eq!(picked(&upstream), [1, 2]);
        replicas[0].note_release("new");
        assert_eq!(picked(&upstream), [2]);
        (0..3).for_each(|_| replicas[1].failed());
        assert_eq!(picked(&upstream), [1, 3], "the last of the old ones is ill");
        replicas[1].answered();

        assert_eq!(picked(&upstream), [1, 3], "nobody goes back");
        assert_eq!(upstream.releases().0.as_deref(), Some("new"));
    }

    #[test]
    fn a_second_try_keeps_to_the_release_unless_it_looks_for_another() {
        let upstream = upstream(&["127.0.0.1:1/9", "127.0.0.1:2/9", "127.0.0.1:3/9"]);
        let replicas = upstream.replicas.read().clone();
        for (replica, release) in replicas.iter().zip(["old", "new", "old"]) {
            replica.note_release(release);
        }
        let tried = [replicas[0].addr];

        for _ in 0..4 {
            assert_eq!(upstream.pick(&tried, Wish::Answer).unwrap().addr.port(), 3);
            assert_eq!(upstream.pick(&tried, Wish::OtherRelease).unwrap().addr.port(), 2);
        }
        (0..3).for_each(|_| replicas[2].failed());
        assert_eq!(upstream.pick(&tried, Wish::Answer).unwrap().addr.port(), 2);
    }

    #[tokio::test]
    async fn a_name_without_an_answer_leaves_the_last_good_set() {
        let mut upstream = upstream(&["127.0.0.1:1/9"]);
        upstream.origins = vec![Origin::new("no-such-name.invalid", 1, 9)];

        upstream.resolve().await;

        assert!(upstream.pick(&[], Wish::Answer).is_some());
    }
}
