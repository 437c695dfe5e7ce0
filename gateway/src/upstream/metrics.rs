//! How many replicas of each service there are, well and not.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use service_kit::Metrics;

/// Counts of replicas, of all services behind the gateway. Clones are the same counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReplicaMetrics(Family<ReplicaLabels, Gauge>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReplicaLabels {
    upstream: &'static str,
    state: &'static str,
}

impl ReplicaMetrics {
    /// Adds `upstream_replicas` to `metrics`.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let replicas = Self::default();
        let help = "Replicas known by name, by whether they answer their checks";
        metrics.register("upstream_replicas", help, replicas.0.clone());
        replicas
    }

    /// Notes that of `known` replicas of `upstream`, `healthy` answered their last check.
    pub(crate) fn set(&self, upstream: &'static str, healthy: usize, known: usize) {
        for (state, count) in [("healthy", healthy), ("ill", known - healthy)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.0.get_or_create(&ReplicaLabels { upstream, state }).set(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_without_replicas_shows_as_zero() {
        let metrics = Metrics::new("0");
        let replicas = ReplicaMetrics::register(&metrics);

        replicas.set("api", 1, 3);
        replicas.set("blog-static", 0, 0);

        let text = metrics.text();
        for line in [
            "upstream_replicas{upstream=\"api\",state=\"healthy\"} 1",
            "upstream_replicas{upstream=\"api\",state=\"ill\"} 2",
            "upstream_replicas{upstream=\"blog-static\",state=\"healthy\"} 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
