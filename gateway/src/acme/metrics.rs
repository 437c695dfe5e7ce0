//! How asking an authority went.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use service_kit::Metrics;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Counters. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct AcmeMetrics(Family<Outcome, Counter>);

impl AcmeMetrics {
    /// Adds `acme_orders_total` to `metrics`.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let orders = Self::default();
        metrics.register("acme_orders", "Certificates that were asked for", orders.0.clone());
        orders
    }

    pub(super) fn issued(&self) {
        self.0.get_or_create(&Outcome { outcome: "issued" }).inc();
    }

    pub(super) fn failed(&self) {
        self.0.get_or_create(&Outcome { outcome: "failed" }).inc();
    }
}
