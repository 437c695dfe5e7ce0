//! Which limits were hit.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use service_kit::Metrics;

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// `GATEWAY_MAX_CONNECTIONS`.
    Connections,
    /// `GATEWAY_CLIENT_CONNECTIONS`.
    ClientConnections,
    /// `GATEWAY_CLIENT_RATE`.
    ClientRate,
    /// The bytes or the number of a request's headers, or of its address.
    HeadSize,
    /// `GATEWAY_HEADER_TIMEOUT`.
    HeadTime,
    /// `GATEWAY_MAX_BODY_BYTES`.
    BodySize,
    /// `GATEWAY_BODY_TIMEOUT`.
    BodyTime,
    /// A client takes next to nothing of its answer.
    SlowReader,
    /// Requests that may be made a second time.
    RetryBudget,
}

impl Limit {
    const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ClientConnections => "client_connections",
            Self::ClientRate => "client_rate",
            Self::HeadSize => "head_size",
            Self::HeadTime => "head_time",
            Self::BodySize => "body_size",
            Self::BodyTime => "body_time",
            Self::SlowReader => "slow_reader",
            Self::RetryBudget => "retry_budget",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabel {
    limit: &'static str,
}

/// Counts of limits that were hit. Clones are the same counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct LimitMetrics(Family<LimitLabel, Counter>);

impl LimitMetrics {
    /// Adds `limits_hit_total` to `metrics`.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let limits = Self::default();
        let help = "Requests, connections and tries that a limit has ended";
        metrics.register("limits_hit", help, limits.0.clone());
        limits
    }

    /// Counts one.
    pub(crate) fn hit(&self, limit: Limit) {
        self.counter(limit).inc();
    }

    /// The counter of `limit`.
    pub(crate) fn counter(&self, limit: Limit) -> Counter {
        self.0.get_or_create(&LimitLabel { limit: limit.name() }).clone()
    }
}
