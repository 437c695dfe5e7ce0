//! What is counted about HTTPS.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use service_kit::Metrics;
use std::collections::BTreeMap;
use std::io;

/// When the certificate of each host ends, in seconds since 1970.
pub(super) type Expiry = BTreeMap<String, i64>;

/// Why a client and the gateway did not come to an encrypted connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Failure {
    /// The client spoke plain HTTP.
    Plain,
    /// The client took too long.
    Slow,
    /// The client went away.
    Gone,
    /// The two have no version or cipher in common, or what came is no TLS.
    Protocol,
}

impl From<&io::Error> for Failure {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            // What rustls says comes as this.
            io::ErrorKind::InvalidData => Self::Protocol,
            _ => Self::Gone,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: Failure,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HostLabel {
    host: String,
}

/// Counters and gauges. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsMetrics {
    failures: Family<ReasonLabel, Counter>,
    expiry: Family<HostLabel, Gauge>,
}

impl TlsMetrics {
    /// Adds `tls_handshake_failures_total` and `tls_certificate_expiry_timestamp_seconds` to
    /// `metrics`.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let tls = Self::default();
        let help = "Connections that did not come to be encrypted";
        metrics.register("tls_handshake_failures", help, tls.failures.clone());
        let help = "When the certificate of a host ends, since 1970";
        metrics.register("tls_certificate_expiry_timestamp_seconds", help, tls.expiry.clone());
        tls
    }

    /// Counts a connection that was not encrypted.
    pub(crate) fn failed(&self, reason: Failure) {
        self.failures.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Notes when each host's certificate ends, and forgets hosts of `before` that have none.
    pub(super) fn note_expiry(&self, before: &Expiry, now: &Expiry) {
        for (host, expires) in now {
            self.expiry.get_or_create(&HostLabel { host: host.clone() }).set(*expires);
        }
        for host in before.keys().filter(|host| !now.contains_key(*host)) {
            self.expiry.remove(&HostLabel { host: host.clone() });
        }
    }
}
