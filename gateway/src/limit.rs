//! How much one client may ask: connections at once, requests a second. Time is an argument.

mod metrics;

pub(crate) use self::metrics::{Limit, LimitMetrics};
use ipnet::IpNet;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many clients are remembered; more than that are let in, so that a crowd fills no memory.
const MAX_CLIENTS: usize = 64 * 1024;
/// Locks, so that clients seldom wait for each other.
const SHARDS: usize = 16;
/// How often room is made for new clients, at most: a crowd must not make each of them wait for it.
const SWEEP: Duration = Duration::from_secs(1);
/// After a pause, a client may ask for so many seconds' requests at once: a page and its pictures.
const BURST_SECONDS: u32 = 2;

/// What each client may have. Zero is no limit.
#[derive(Debug, Clone)]
pub struct ClientLimits {
    /// `GATEWAY_CLIENT_CONNECTIONS`: connections at once.
    pub connections: u32,
    /// `GATEWAY_CLIENT_RATE`: requests a second, twice as many after a pause.
    pub rate: u32,
    /// `GATEWAY_UNLIMITED`: networks without these limits. Private ones are by default: where an
    /// orchestrator hides clients' addresses, all readers would count as one.
    pub unlimited: Vec<IpNet>,
}

/// An IPv4 address, or an IPv6 network of 64 bits, which is what one subscriber has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Client {
    V4(u32),
    V6(u64),
}

impl Client {
    fn of(addr: IpAddr) -> Self {
        match addr.to_canonical() {
            IpAddr::V4(addr) => Self::V4(addr.to_bits()),
            IpAddr::V6(addr) => {
                let [a, b, c, d, ..] = addr.segments().map(u64::from);
                Self::V6(a << 48 | b << 32 | c << 16 | d)
            }
        }
    }

    fn shard(self) -> usize {
        let bits = match self {
            Self::V4(bits) => u64::from(bits),
            Self::V6(bits) => bits,
        };
        // The highest bits of a product with this constant depend on all others (Knuth).
        usize::try_from(bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60).unwrap_or_default()
    }
}

/// What one client has now.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    connections: u32,
    /// When all that was asked for is paid for, since the beginning (GCRA).
    paid: Duration,
}

/// What all clients have now.
#[derive(Debug)]
pub(crate) struct Clients {
    limits: ClientLimits,
    began: Instant,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    clients: HashMap<Client, Use>,
    /// When those were forgotten that ask for nothing, since the beginning.
    swept: Option<Duration>,
}

/// Held by a connection that is counted.
#[derive(Debug)]
pub(crate) struct Counted(Option<(Arc<Clients>, Client)>);

impl Clients {
    pub(crate) fn new(limits: ClientLimits, began: Instant) -> Self {
        Self { limits, began, shards: Default::default() }
    }

    /// Counts a connection of `addr`, or says that it has too many.
    pub(crate) fn connect(self: &Arc<Self>, addr: IpAddr, now: Instant) -> Option<Counted> {
        if self.limits.connections == 0 || self.is_unlimited(addr) {
            return Some(Counted(None));
        }
        let client = Client::of(addr);
        let counted = self.with(client, now, |used, _| {
            let is_free = used.connections < self.limits.connections;
            used.connections += u32::from(is_free);
            is_free
        });
        match counted {
            Some(true) => Some(Counted(Some((self.clone(), client)))),
            Some(false) => None,
            None => Some(Counted(None)),
        }
    }

    /// Whether `addr` may ask for one thing more.
    pub(crate) fn admit(&self, addr: IpAddr, now: Instant) -> bool {
        if self.limits.rate == 0 || self.is_unlimited(addr) {
            return true;
        }
        let price = Duration::from_secs(1) / self.limits.rate;
        let burst = price * (self.limits.rate * BURST_SECONDS - 1);
        let admitted = self.with(Client::of(addr), now, |used, now| {
            if used.paid > now + burst {
                return false;
            }
            used.paid = used.paid.max(now) + price;
            true
        });
        admitted.unwrap_or(true)
    }

    fn is_unlimited(&self, addr: IpAddr) -> bool {
        let addr = addr.to_canonical();
        self.limits.unlimited.iter().any(|network| network.contains(&addr))
    }

    /// What `change` says of the client's use; nothing if there are too many clients to remember.
    fn with(
        &self,
        client: Client,
        now: Instant,
        change: impl FnOnce(&mut Use, Duration) -> bool,
    ) -> Option<bool> {
        let now = now.saturating_duration_since(self.began);
        let mut shard = self.shards[client.shard()].lock();
        let Shard { clients, swept } = &mut *shard;
        if clients.len() >= MAX_CLIENTS / SHARDS && !clients.contains_key(&client) {
            if swept.is_none_or(|swept| now >= swept + SWEEP) {
                *swept = Some(now);
                clients.retain(|_, used| used.connections > 0 || used.paid > now);
            }
            if clients.len() >= MAX_CLIENTS / SHARDS {
                return None;
            }
        }
        Some(change(clients.entry(client).or_default(), now))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some((clients, client)) = self.0.take() else { return };
        let mut shard = clients.shards[client.shard()].lock();
        if let Some(used) = shard.clients.get_mut(&client) {
            used.connections = used.connections.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(connections: u32, rate: u32, began: Instant) -> Arc<Clients> {
        let unlimited = vec!["10.0.0.0/8".parse().unwrap()];
        Arc::new(Clients::new(ClientLimits { connections, rate, unlimited }, began))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_client_may_ask_in_bursts_and_then_as_often_as_its_rate_says() {
        let began = Instant::now();
        let clients = clients(0, 10, began);
        let admitted = |at: Duration| {
            (0..100).filter(|_| clients.admit(ip("203.0.113.9"), began + at)).count()
        };

        assert_eq!(admitted(Duration::ZERO), 20);
        assert_eq!(admitted(Duration::from_millis(500)), 5);
        assert_eq!(admitted(Duration::from_mins(1)), 20);
        assert!(clients.admit(ip("203.0.113.10"), began), "another client is not it");
    }

    #[test]
    fn connections_are_counted_until_they_end() {
        let now = Instant::now();
        let clients = clients(2, 0, now);
        let addr = ip("::ffff:203.0.113.9");

        let one = clients.connect(addr, now);
        let other = clients.connect(ip("203.0.113.9"), now);
        assert!(one.is_some() && other.is_some());
        assert!(clients.connect(addr, now).is_none());
        drop(one);
        assert!(clients.connect(addr, now).is_some());
    }

    #[test]
    fn a_subscribers_ipv6_network_is_one_client() {
        let now = Instant::now();
        let clients = clients(1, 0, now);

        let _held = clients.connect(ip("2001:db8:0:1::1"), now).unwrap();

        assert!(clients.connect(ip("2001:db8:0:1:ffff::2"), now).is_none());
        assert!(clients.connect(ip("2001:db8:0:2::1"), now).is_some());
    }

    #[test]
    fn some_networks_have_no_limits() {
        let now = Instant::now();
        let clients = clients(1, 1, now);

        let held: Vec<_> = (0..9).filter_map(|_| clients.connect(ip("10.1.2.3"), now)).collect();

        assert_eq!(held.len(), 9);
        assert!((0..9).all(|_| clients.admit(ip("10.1.2.3"), now)));
    }

    #[test]
    fn a_crowd_fills_no_memory() {
        let now = Instant::now();
        let clients = clients(1, 1, now);

        for bits in 0..200_000_u32 {
            clients.admit(IpAddr::V4(bits.wrapping_mul(7919).into()), now);
        }

        let remembered: usize = clients.shards.iter().map(|shard| shard.lock().clients.len()).sum();
        assert!(remembered <= MAX_CLIENTS, "{remembered}");
    }
}
