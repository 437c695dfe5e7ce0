//! The application: listeners, upstreams, and how it runs and stops.

use crate::acme::{Acme, AcmeError, AcmeMetrics};
use crate::drain::Drain;
use crate::parts::{Keys, Parts};
use crate::settings::{CertificateSource, Settings, TlsSettings};
use crate::tls::{self, CertificateError, Certificates, TlsMetrics};
use crate::upstream::{Names, SystemNames, Upstream};
use crate::{listener, refresh};
use async_trait::async_trait;
use futures_util::future::OptionFuture;
use rustls::server::ResolvesServerCert;
use service_kit::{Admin, BindError, Metrics, NotReady, Probe, bind};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port is in use.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// There is no certificate.
    #[error("`GATEWAY_TLS_FOLDER` or `GATEWAY_TLS_SELF_SIGNED` cannot be used")]
    Certificate(#[from] CertificateError),
    /// Nobody can be asked for certificates.
    #[error(transparent)]
    Acme(#[from] AcmeError),
    /// TLS does not work here.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// A bound gateway.
///
/// It accepts and reads by itself, and gives pingora whole requests (decision 0003).
pub struct Application {
    listener: TcpListener,
    addr: SocketAddr,
    secure: Option<Secure>,
    admin: Admin,
    settings: Settings,
    names: Arc<dyn Names>,
}

/// The listener with TLS.
struct Secure {
    listener: TcpListener,
    addr: SocketAddr,
    acceptor: TlsAcceptor,
    certificates: Arc<Certificates>,
    acme: Option<Acme>,
}

impl Secure {
    fn bind(settings: &TlsSettings) -> Result<Self, StartError> {
        let (listener, addr) = bind("GATEWAY_TLS_LISTEN", settings.listen)?;
        let (certificates, acme) = certificates(settings)?;
        let resolver: Arc<dyn ResolvesServerCert> = match &acme {
            Some(acme) => Arc::new(acme.proofs()),
            None => certificates.clone(),
        };
        let acceptor = tls::acceptor(resolver, acme.is_some())?;
        Ok(Self { listener, addr, acceptor, certificates, acme })
    }
}

/// The certificates, and who asks for more of them.
fn certificates(settings: &TlsSettings) -> Result<(Arc<Certificates>, Option<Acme>), StartError> {
    match (&settings.certificates, &settings.acme) {
        (CertificateSource::Folder(folder), Some(acme)) => {
            let certificates = Arc::new(Certificates::open_growing(folder)?);
            let acme = Acme::new(acme, folder, certificates.clone())?;
            Ok((certificates, Some(acme)))
        }
        (CertificateSource::Folder(folder), None) => {
            Ok((Arc::new(Certificates::open(folder)?), None))
        }
        (CertificateSource::SelfSigned(names), _) => {
            Ok((Arc::new(Certificates::self_signed(names)?), None))
        }
    }
}

impl Application {
    /// Binds the listeners and reads the certificates. Nobody behind them is asked yet.
    ///
    /// # Errors
    ///
    /// [`StartError`] names the setting that cannot be used.
    pub fn bind(settings: &Settings) -> Result<Self, StartError> {
        let (listener, addr) = bind("GATEWAY_LISTEN", settings.listen)?;
        let admin = Admin::bind("GATEWAY_ADMIN_LISTEN", settings.admin_listen)?;
        let secure = settings.tls.as_ref().map(Secure::bind).transpose()?;
        let (settings, names) = (settings.clone(), Arc::new(SystemNames));
        Ok(Self { listener, addr, secure, admin, settings, names })
    }

    /// The same, which asks `names` where services are, and not the system.
    #[must_use]
    pub fn with_names(self, names: Arc<dyn Names>) -> Self {
        Self { names, ..self }
    }

    /// Reads the files that `settings` name, as [`bind`](Self::bind) will.
    ///
    /// # Errors
    ///
    /// [`StartError::Certificate`] leads to the file that cannot be used.
    pub fn verify(settings: &Settings) -> Result<(), StartError> {
        settings.tls.as_ref().map(certificates).transpose()?;
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where it listens for TLS.
    #[must_use]
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.secure.as_ref().map(|secure| secure.addr)
    }

    /// Where it answers `/livez`, `/readyz` and `/metrics`.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin.addr()
    }

    /// Serves until `stop` completes; then says so in every answer for `GATEWAY_LAME_DUCK`, accepts
    /// nobody, closes idle connections, and finishes what is in hand, for at most
    /// `GATEWAY_DRAIN`.
    ///
    /// # Errors
    ///
    /// If a listener cannot be used in this runtime.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let Self { listener, mut secure, admin, settings, names, .. } = self;
        let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
        let asked = AcmeMetrics::register(&metrics);
        let (keys, acme) = match &mut secure {
            Some(Secure { certificates, acme, .. }) => {
                let acme = acme.take();
                (Some(Keys::new(certificates.clone(), acme.as_ref().map(Acme::store))), acme)
            }
            None => (None, None),
        };
        let Parts { api, blog_static, drain, connections, attendant, refreshes, shutdown } =
            Parts::new(&settings, &metrics, keys, &names)?;
        attendant.start(&connections)?;
        let probe = Ready { blog_static: blog_static.clone(), drain: drain.clone() };
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let plain = listener::accept(listener, connections.clone(), None);
        let certificates = secure.as_ref().map(|secure| secure.certificates.clone());
        let secure = secure.map(|secure| -> io::Result<_> {
            let listener = tokio::net::TcpListener::from_std(secure.listener)?;
            Ok(listener::accept(listener, connections.clone(), Some(secure.acceptor)))
        });
        let secure = secure.transpose()?;
        let mut accepting = pin!(async {
            tokio::join!(plain, OptionFuture::from(secure));
        });
        let mut beside = pin!(async {
            tokio::select! {
                done = admin.run(Arc::new(probe), metrics) => done,
                () = api.follow() => Ok(()),
                () = blog_static.follow() => Ok(()),
                () = refresh::serve(refreshes, connections.clone()) => Ok(()),
                () = keep_certificates(certificates.as_deref(), acme.as_ref(), &asked, &connections.tls) => Ok(()),
            }
        });
        tokio::select! {
            () = stop => {}
            () = &mut accepting => {}
            done = &mut beside => return done,
        }
        let stopping = async {
            shutdown.send_replace(true);
            drain.lame_duck(settings.lame_duck).await;
            drain.close();
        };
        let stopped = async {
            tokio::join!(stopping, accepting);
            if !drain.finished(settings.drain).await {
                tracing::warn!("requests were cut off that took longer than GATEWAY_DRAIN");
            }
        };
        tokio::select! {
            () = stopped => Ok(()),
            done = beside => done,
        }
    }
}

/// Takes new certificates and asks for them, for ever.
async fn keep_certificates(
    certificates: Option<&Certificates>,
    acme: Option<&Acme>,
    asked: &AcmeMetrics,
    metrics: &TlsMetrics,
) {
    let follow = certificates.map(|all| all.follow(metrics));
    let ask = acme.map(|acme| acme.follow(asked, metrics));
    tokio::join!(OptionFuture::from(follow), OptionFuture::from(ask));
    std::future::pending::<()>().await;
}

/// Ready when readers can have pages, and the gateway is not on its way out.
struct Ready {
    blog_static: Arc<Upstream>,
    drain: Arc<Drain>,
}

#[async_trait]
impl Probe for Ready {
    async fn ready(&self) -> Result<(), NotReady> {
        if self.drain.is_lame() {
            return Err(NotReady("it is stopping".into()));
        }
        if self.blog_static.is_ready() {
            return Ok(());
        }
        Err(NotReady("no replica of blog-static is well".into()))
    }
}
