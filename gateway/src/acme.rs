//! Certificates from an authority (ACME, RFC 8555): asked for when one is missing, or when a third
//! of its life is left.
//!
//! What is written goes into the folder that `tls` follows, so that it comes into service as any
//! other file does. Several gateways share that folder: one at a time asks (`lease`), and all can
//! answer the authority's question: over HTTP the answer follows from the account, which is there
//! too, and for a handshake the question is there while it is open (`store`).

mod client;
mod lease;
mod metrics;
mod order;
mod proof;
mod store;

pub(crate) use self::metrics::AcmeMetrics;
pub(crate) use self::proof::Proofs;
pub(crate) use self::store::Store;

use self::client::Http;
use self::order::{Order, OrderError};
use crate::settings::{AcmeSettings, Host};
use crate::tls::{CertificateError, Certificates, TlsMetrics};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often it is looked whether something is to be asked for.
const LOOK: Duration = Duration::from_secs(2);
/// For so long nobody else asks. It must be more than `DEADLINE`.
const LEASE: Duration = Duration::from_mins(5);
/// An authority that takes longer for one certificate has failed.
const DEADLINE: Duration = Duration::from_mins(4);

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// The folder must take new certificates.
    #[error("`GATEWAY_TLS_FOLDER` cannot be written to, as `GATEWAY_ACME_HOSTS` needs")]
    Folder(#[source] std::io::Error),
    /// The authority's server could not be believed.
    #[error("`GATEWAY_ACME_ROOTS` cannot be used")]
    Roots(#[source] CertificateError),
    /// TLS does not work here.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// Why a host has no new certificate.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error("the authority took longer than {} seconds", DEADLINE.as_secs())]
    Slow,
    #[error("the certificate cannot be written")]
    Write(#[from] std::io::Error),
    #[error("what the authority gave is no certificate for this host that could be used")]
    Useless,
}

/// Who asks.
pub(crate) struct Acme {
    settings: AcmeSettings,
    http: Http,
    store: Arc<Store>,
    certificates: Arc<Certificates>,
}

impl Acme {
    /// Prepares to ask; nobody is asked yet.
    ///
    /// # Errors
    ///
    /// [`AcmeError`] names the setting that cannot be used.
    pub(crate) fn new(
        settings: &AcmeSettings,
        folder: &Path,
        certificates: Arc<Certificates>,
    ) -> Result<Self, AcmeError> {
        let http = Http::new(settings.roots.as_deref())?;
        let store = Store::open(folder, &settings.directory).map_err(AcmeError::Folder)?;
        Ok(Self { settings: settings.clone(), http, store: Arc::new(store), certificates })
    }

    /// What every gateway answers the authority from.
    pub(crate) fn store(&self) -> Arc<Store> {
        self.store.clone()
    }

    /// The certificates, and what the authority is shown in a handshake.
    pub(crate) fn proofs(&self) -> Proofs {
        Proofs::new(self.certificates.clone(), self.store())
    }

    /// Looks after the hosts for ever.
    pub(crate) async fn follow(&self, metrics: &AcmeMetrics, tls: &TlsMetrics) {
        loop {
            for host in &self.settings.hosts {
                if let Err(error) = self.look_after(host, metrics, tls).await {
                    tracing::error!("certificates cannot be looked after: {error}");
                }
            }
            tokio::time::sleep(jittered(LOOK)).await;
        }
    }

    /// Whether `host` is to have a new certificate now.
    fn is_due(&self, host: &Host) -> bool {
        self.certificates.in_use(host.as_str()).is_none_or(|used| {
            let left = used.end - seconds();
            left <= (used.end - used.begin) / 3 || self.store.is_foreign(&used.path)
        })
    }

    async fn look_after(
        &self,
        host: &Host,
        metrics: &AcmeMetrics,
        tls: &TlsMetrics,
    ) -> std::io::Result<()> {
        if !self.is_due(host) || self.store.pause(host).is_some_and(|until| until > seconds()) {
            return Ok(());
        }
        let Some(_lease) = self.store.lease(LEASE)? else { return Ok(()) };
        // Another gateway may have been here in the meantime.
        self.certificates.look(tls);
        if !self.is_due(host) || self.store.pause(host).is_some_and(|until| until > seconds()) {
            return Ok(());
        }
        match self.renew(host, tls).await {
            Ok(()) => {
                metrics.issued();
                tracing::info!("{host} has a new certificate from {}", self.settings.directory);
                self.store.forget_pause(host)
            }
            Err(error) => {
                metrics.failed();
                let failures = self.store.failures(host) + 1;
                let pause = jittered(pause(self.settings.retry, failures));
                let reason = anyhow::Error::new(error);
                tracing::error!(
                    "{host} has no new certificate, and the next try is in {} s: {reason:#}",
                    pause.as_secs()
                );
                self.store.put_pause(host, failures, seconds() + whole_seconds(pause))
            }
        }
    }

    async fn renew(&self, host: &Host, tls: &TlsMetrics) -> Result<(), Failed> {
        let order = Order { http: &self.http, settings: &self.settings, store: &self.store };
        let asked = tokio::time::timeout(DEADLINE, order.run(host));
        let made = asked.await.map_err(|_| Failed::Slow)??;
        let written = self.store.put(host, &made, seconds())?;
        self.certificates.look(tls);
        if self.is_due(host) {
            written.take_back();
            return Err(Failed::Useless);
        }
        self.store.forget_others(host, &written)?;
        self.certificates.look(tls);
        Ok(())
    }
}

/// Seconds since 1970.
fn seconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    whole_seconds(now)
}

fn whole_seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// The pause after so many failures in a row, at most four hours.
fn pause(first: Duration, failures: u32) -> Duration {
    const LONGEST: Duration = Duration::from_hours(4);
    let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(LONGEST)
}

/// A quarter more or less, so that gateways do not ask in step.
fn jittered(pause: Duration) -> Duration {
    let mut random = [0; 1];
    // Without chance they only ask in step.
    let _ = getrandom::fill(&mut random);
    pause * 3 / 4 + pause / 2 * u32::from(random[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_four_hours() {
        let minutes = |failures| pause(Duration::from_mins(5), failures).as_secs() / 60;

        assert_eq!([1, 2, 3, 4, 6, 7, 60].map(minutes), [5, 10, 20, 40, 160, 240, 240]);
    }

    #[test]
    fn chance_takes_or_adds_a_quarter() {
        let pauses: Vec<Duration> = (0..200).map(|_| jittered(Duration::from_secs(100))).collect();

        assert!(pauses.iter().all(|pause| (75..=125).contains(&pause.as_secs())), "{pauses:?}");
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
