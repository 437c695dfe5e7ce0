//! The replicas of the gateway: found by name and asked every second whether they are ready.

use crate::Forward;
use futures_util::future::join_all;
use parking_lot::RwLock;
use service_kit::healthcheck;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How often. Docker takes a replica out of its DNS about two seconds before it stops it.
const LOOK: Duration = Duration::from_secs(1);
/// A name server that takes longer does not answer.
const RESOLVE_DEADLINE: Duration = Duration::from_secs(2);

/// The replicas behind one port.
#[derive(Debug, Default)]
pub(crate) struct Replicas {
    /// Each with whether it was ready when it was asked last.
    known: RwLock<Vec<(SocketAddr, bool)>>,
    turn: AtomicUsize,
}

impl Replicas {
    /// All of them, the next one in turn first: those that are ready, then the others, since a try
    /// is better than a refusal.
    pub(crate) fn in_turn(&self) -> Vec<SocketAddr> {
        let known = self.known.read();
        let those = |wanted: bool| {
            let those = known.iter().filter(move |(_, is_ready)| *is_ready == wanted);
            those.map(|(addr, _)| *addr).collect::<Vec<_>>()
        };
        let (mut ready, others) = (those(true), those(false));
        if !ready.is_empty() {
            let first = self.turn.fetch_add(1, Ordering::Relaxed) % ready.len();
            ready.rotate_left(first);
        }
        ready.extend(others);
        ready
    }

    /// Whether one is ready.
    pub(crate) fn is_ready(&self) -> bool {
        self.known.read().iter().any(|(_, is_ready)| *is_ready)
    }

    /// Follows `forward`'s replicas for ever.
    pub(crate) async fn follow(&self, forward: &Forward) {
        loop {
            let asked = tokio::net::lookup_host((forward.host.as_str(), forward.port));
            // Without an answer, or with an empty one, the last good set stays.
            if let Ok(Ok(found)) = tokio::time::timeout(RESOLVE_DEADLINE, asked).await {
                let found: BTreeSet<SocketAddr> = found.collect();
                if !found.is_empty() {
                    self.take(&found);
                }
            }
            self.check(forward.admin_port).await;
            tokio::time::sleep(LOOK).await;
        }
    }

    fn take(&self, found: &BTreeSet<SocketAddr>) {
        let mut known = self.known.write();
        let before: BTreeSet<SocketAddr> = known.iter().map(|(addr, _)| *addr).collect();
        if before != *found {
            let addrs: Vec<String> = found.iter().map(ToString::to_string).collect();
            tracing::info!("the gateway is at {}", addrs.join(", "));
            known.retain(|(addr, _)| found.contains(addr));
            known.extend(found.difference(&before).map(|addr| (*addr, false)));
        }
    }

    async fn check(&self, admin_port: u16) {
        let addrs: Vec<SocketAddr> = self.known.read().iter().map(|(addr, _)| *addr).collect();
        let asked = addrs.iter().map(|addr| async move {
            healthcheck(SocketAddr::new(addr.ip(), admin_port), "/readyz").await.is_ok()
        });
        let answers = join_all(asked).await;
        let mut known = self.known.write();
        for (addr, answer) in addrs.iter().zip(answers) {
            if let Some((_, is_ready)) = known.iter_mut().find(|(one, _)| one == addr)
                && *is_ready != answer
            {
                *is_ready = answer;
                let word = if answer { "ready" } else { "not ready" };
                tracing::info!(upstream = "gateway", "the gateway at {addr} is {word}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replicas(known: &[(&str, bool)]) -> Replicas {
        let known = known.iter().map(|(addr, is_ready)| (addr.parse().unwrap(), *is_ready));
        Replicas { known: RwLock::new(known.collect()), ..Replicas::default() }
    }

    #[test]
    fn ready_ones_come_in_turn_and_before_the_others() {
        let replicas =
            replicas(&[("127.0.0.1:1", true), ("127.0.0.1:2", false), ("127.0.0.1:3", true)]);

        let ports = |addrs: Vec<SocketAddr>| addrs.iter().map(SocketAddr::port).collect::<Vec<_>>();

        assert_eq!(ports(replicas.in_turn()), [1, 3, 2]);
        assert_eq!(ports(replicas.in_turn()), [3, 1, 2]);
    }

    #[test]
    fn what_is_gone_from_the_name_is_not_asked_and_what_is_new_is_asked_last() {
        let replicas = replicas(&[("127.0.0.1:1", true), ("127.0.0.1:2", true)]);

        replicas.take(&["127.0.0.1:2", "127.0.0.1:3"].map(|addr| addr.parse().unwrap()).into());

        assert_eq!(replicas.in_turn()[1], "127.0.0.1:3".parse().unwrap());
        assert_eq!(replicas.in_turn().len(), 2);
    }
}
