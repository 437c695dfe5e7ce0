//! The application: listeners, upstreams, and how it runs and stops.

use crate::acme::{Acme, AcmeError, AcmeMetrics};
use crate::drain::Drain;
use crate::handover::{self, HandoverError, Inherited, Post, Predecessor};
use crate::parts::{Keys, Parts};
use crate::settings::{CertificateSource, Settings, TlsSettings};
use crate::tls::{self, CertificateError, Certificates, TlsMetrics};
use crate::upstream::{Names, SystemNames, Upstream};
use crate::{listener, refresh};
use async_trait::async_trait;
use futures_util::future::OptionFuture;
use rustls::server::ResolvesServerCert;
use service_kit::{Admin, BindError, Metrics, NotReady, Probe};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

/// A successor that cannot serve after so long leaves its predecessor in service.
const READY: Duration = Duration::from_secs(30);
const READY_LOOK: Duration = Duration::from_millis(20);

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
    /// No other gateway can take over, or this one cannot.
    #[error(transparent)]
    Handover(#[from] HandoverError),
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
    predecessor: Option<Predecessor>,
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
    fn bind(settings: &TlsSettings, inherited: &mut Inherited) -> Result<Self, StartError> {
        let (listener, addr) = inherited.bind("GATEWAY_TLS_LISTEN", settings.listen)?;
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
    /// Binds the listeners, or gets those of the gateway that runs, and reads the certificates.
    /// Nobody behind them is asked yet.
    ///
    /// # Errors
    ///
    /// [`StartError`] names the setting that cannot be used.
    pub fn bind(settings: &Settings) -> Result<Self, StartError> {
        let inherited = settings.handover.as_deref().map(Inherited::ask).transpose()?;
        let mut inherited = inherited.unwrap_or_default();
        let (listener, addr) = inherited.bind("GATEWAY_LISTEN", settings.listen)?;
        let (admin, at) = inherited.bind("GATEWAY_ADMIN_LISTEN", settings.admin_listen)?;
        let admin = Admin::on(admin, at);
        let tls = settings.tls.as_ref();
        let secure = tls.map(|tls| Secure::bind(tls, &mut inherited)).transpose()?;
        let predecessor = inherited.predecessor;
        let (settings, names) = (settings.clone(), Arc::new(SystemNames));
        Ok(Self { listener, addr, secure, admin, predecessor, settings, names })
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
        settings.handover.as_deref().map(handover::verify).transpose()?;
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
    /// `GATEWAY_DRAIN`. The same once a successor serves that got the listeners
    /// (`GATEWAY_HANDOVER`). If this is a successor, it serves as soon as readers can have pages.
    ///
    /// # Errors
    ///
    /// If a listener cannot be used in this runtime, or a successor cannot serve in time.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let to_hand_over =
            self.settings.handover.is_some().then(|| self.listeners()).transpose()?;
        let Self { listener, mut secure, admin, predecessor, settings, names, .. } = self;
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
        let mut admin = pin!(admin.run(Arc::new(probe), metrics));
        let mut beside = pin!(async {
            tokio::select! {
                () = api.follow() => {}
                () = blog_static.follow() => {}
                () = refresh::serve(refreshes, connections.clone()) => {}
                () = keep_certificates(certificates.as_deref(), acme.as_ref(), &asked, &connections.tls) => {}
            }
        });
        let mut stop = pin!(stop);
        if predecessor.is_some() {
            tokio::select! {
                ready = until_ready(&blog_static) => ready?,
                () = &mut beside => {}
                () = &mut stop => return Ok(()),
            }
        }
        let post = settings.handover.as_deref().zip(to_hand_over);
        let post = post.map(|(path, listeners)| Post::take(path, listeners)).transpose();
        let relieved = OptionFuture::from(post.map_err(io::Error::other)?.map(Post::relieved));
        if let Some(predecessor) = predecessor {
            predecessor.dismiss();
        }
        let is_relieved = tokio::select! {
            () = &mut stop => false,
            Some(()) = relieved => true,
            () = &mut accepting => false,
            done = &mut admin => return done,
            () = &mut beside => false,
        };
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
            // Neighbours are to hear from the one that serves now.
            done = admin, if !is_relieved => done,
            () = beside => Ok(()),
        }
    }

    /// All listeners, once more.
    fn listeners(&self) -> io::Result<Vec<TcpListener>> {
        let secure = self.secure.as_ref().map(|secure| &secure.listener);
        let all = [&self.listener, self.admin.listener()].into_iter().chain(secure);
        all.map(TcpListener::try_clone).collect()
    }
}

/// Waits until readers can have pages.
async fn until_ready(blog_static: &Upstream) -> io::Result<()> {
    let ready = async {
        while !blog_static.is_known_to_be_ready() {
            tokio::time::sleep(READY_LOOK).await;
        }
    };
    let why = "no replica of blog-static is well, so the gateway before goes on";
    tokio::time::timeout(READY, ready).await.map_err(|_| io::Error::other(why))
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
