//! Certificates: found in a folder, chosen by name, read again when they change.

use super::expiry::validity;
use super::metrics::{Expiry, TlsMetrics};
use parking_lot::{Mutex, RwLock};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// In place of a file's name.
const SELF_SIGNED: &str = "the self-signed certificate";

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// There is none.
    #[error("{} has no `NAME.crt` with its `NAME.key`", .0.display())]
    None(PathBuf),
    /// A file cannot be read.
    #[error("{} cannot be read as PEM", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: rustls::pki_types::pem::Error,
    },
    /// The certificate and the key do not go together, or are of no known kind.
    #[error("{} and its key cannot be used", .path.display())]
    Unusable {
        /// The certificate.
        path: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The certificate names no host.
    #[error("{} names no host", .0.display())]
    Nameless(PathBuf),
    /// The certificate has expired, or does not say when it will.
    #[error("{} has expired", .0.display())]
    Expired(PathBuf),
    /// The folder cannot be read.
    #[error("{} cannot be read", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A certificate could not be made.
    #[error("a self-signed certificate cannot be made")]
    SelfSigned(#[source] rcgen::Error),
}

/// A certificate and its key.
#[derive(Debug)]
struct Pair {
    path: PathBuf,
    names: Vec<String>,
    /// When it begins, in seconds since 1970.
    begin: i64,
    /// When it expires.
    end: i64,
    key: Arc<CertifiedKey>,
}

/// The certificates of one moment.
#[derive(Debug, Default)]
struct Loaded {
    /// In the order of their files' names.
    pairs: Vec<Arc<Pair>>,
    by_name: BTreeMap<String, Arc<Pair>>,
}

impl Loaded {
    /// Of two certificates for one name, the one that holds for longer was made later.
    fn add(&mut self, pair: Arc<Pair>) {
        for name in &pair.names {
            if self.by_name.get(name).is_none_or(|other| other.end < pair.end) {
                self.by_name.insert(name.clone(), pair.clone());
            }
        }
        self.pairs.push(pair);
    }

    /// The certificate for the host `name`.
    fn find(&self, name: &str) -> Option<&Arc<Pair>> {
        // A wildcard stands for one label (RFC 6125 §6.4.3).
        let wildcard = || self.by_name.get(&format!("*.{}", name.split_once('.')?.1));
        self.by_name.get(name).or_else(wildcard)
    }

    /// For clients that name no host.
    fn first(&self) -> Option<&Arc<Pair>> {
        self.pairs.first()
    }

    fn expiry(&self) -> Expiry {
        self.by_name.iter().map(|(name, pair)| (name.clone(), pair.end)).collect()
    }
}

/// What a host's certificate is worth.
#[derive(Debug)]
pub(crate) struct Used {
    pub(crate) path: PathBuf,
    /// When it begins, in seconds since 1970.
    pub(crate) begin: i64,
    /// When it expires.
    pub(crate) end: i64,
}

/// All certificates.
#[derive(Debug)]
pub(crate) struct Certificates {
    folder: Option<PathBuf>,
    loaded: RwLock<Arc<Loaded>>,
    /// What the folder looked like when it was read.
    seen: Mutex<Stamp>,
}

/// Files, when they were changed, and how large they are.
type Stamp = Vec<(PathBuf, Option<(SystemTime, u64)>)>;

impl Certificates {
    /// Those in `folder`: each `NAME.crt` (the chain, the host's own first) with `NAME.key`.
    ///
    /// # Errors
    ///
    /// [`CertificateError`] names the file.
    pub(crate) fn open(folder: &Path) -> Result<Self, CertificateError> {
        let seen = stamp(folder);
        let (loaded, faults) = load(folder, &[])?;
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        Ok(Self::in_folder(folder, loaded, seen))
    }

    /// Those in `folder` that can be used, for somebody who makes what is missing.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub(crate) fn open_growing(folder: &Path) -> Result<Self, CertificateError> {
        let seen = stamp(folder);
        let (loaded, faults) = match load(folder, &[]) {
            Ok(loaded) => loaded,
            Err(fault @ CertificateError::Folder { .. }) => return Err(fault),
            Err(CertificateError::None(_)) => (Loaded::default(), Vec::new()),
            Err(fault) => (Loaded::default(), vec![fault]),
        };
        for fault in faults {
            tracing::warn!("a certificate is not used: {fault}");
        }
        Ok(Self::in_folder(folder, loaded, seen))
    }

    fn in_folder(folder: &Path, loaded: Loaded, seen: Stamp) -> Self {
        let (loaded, seen) = (RwLock::new(Arc::new(loaded)), Mutex::new(seen));
        Self { folder: Some(folder.to_owned()), loaded, seen }
    }

    /// A new one for `names`, signed by itself: browsers ask whether to believe it.
    ///
    /// # Errors
    ///
    /// If `names` are no names.
    pub(crate) fn self_signed(names: &[String]) -> Result<Self, CertificateError> {
        let params = CertificateParams::new(names.to_vec());
        let key = self_signed(&params.map_err(CertificateError::SelfSigned)?)?;
        let names = names.iter().map(|name| name.to_lowercase()).collect();
        let validity = key.cert.first().and_then(|certificate| validity(certificate));
        let (begin, end) = validity.unwrap_or((0, i64::MAX));
        let path = PathBuf::from(SELF_SIGNED);
        let mut loaded = Loaded::default();
        loaded.add(Arc::new(Pair { path, names, begin, end, key }));
        let loaded = RwLock::new(Arc::new(loaded));
        Ok(Self { folder: None, loaded, seen: Mutex::default() })
    }

    /// Follows the folder for ever.
    pub(crate) async fn follow(&self, metrics: &TlsMetrics) {
        metrics.note_expiry(&Expiry::default(), &self.loaded.read().expiry());
        loop {
            tokio::time::sleep(LOOK).await;
            self.look(metrics);
        }
    }

    /// Reads the folder again if it has changed. Files that cannot be used leave the old ones in
    /// service.
    pub(crate) fn look(&self, metrics: &TlsMetrics) {
        let Some(folder) = &self.folder else { return };
        let mut seen = self.seen.lock();
        let stamp = stamp(folder);
        if stamp == *seen {
            return;
        }
        let before = self.loaded.read().clone();
        let (loaded, faults) = match load(folder, &before.pairs) {
            Ok((loaded, faults)) => (Some(Arc::new(loaded)), faults),
            Err(fault) => (None, vec![fault]),
        };
        for fault in faults {
            tracing::error!("the certificate before is still used: {fault}");
        }
        if let Some(loaded) = loaded {
            let names: Vec<&str> = loaded.by_name.keys().map(String::as_str).collect();
            tracing::info!("certificates were read again: {}", names.join(", "));
            metrics.note_expiry(&before.expiry(), &loaded.expiry());
            *self.loaded.write() = loaded;
        }
        *seen = stamp;
    }

    /// Whether there is one at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.loaded.read().pairs.is_empty()
    }

    /// What clients get that ask for `host`, in lower case.
    pub(crate) fn in_use(&self, host: &str) -> Option<Used> {
        let loaded = self.loaded.read().clone();
        let pair = loaded.find(host)?;
        Some(Used { path: pair.path.clone(), begin: pair.begin, end: pair.end })
    }

    /// The certificate for `name`.
    fn find(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let loaded = self.loaded.read().clone();
        let Some(name) = name else { return loaded.first().map(|pair| pair.key.clone()) };
        loaded.find(name).map(|pair| pair.key.clone())
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_ascii_lowercase);
        self.find(name.as_deref())
    }
}

/// What `folder` holds now, and what of it cannot be used. Of that, what was there `before` stays.
fn load(
    folder: &Path,
    before: &[Arc<Pair>],
) -> Result<(Loaded, Vec<CertificateError>), CertificateError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let (mut loaded, mut faults) = (Loaded::default(), Vec::new());
    for path in certificates(folder)? {
        match read(&path, now) {
            Ok(pair) => loaded.add(Arc::new(pair)),
            Err(fault) => {
                let earlier = before.iter().find(|pair| pair.path == path);
                if let Some(pair) = earlier {
                    loaded.add(pair.clone());
                }
                faults.push(fault);
            }
        }
    }
    match (loaded.first(), faults.pop()) {
        (None, Some(fault)) => Err(fault),
        (None, None) => Err(CertificateError::None(folder.to_owned())),
        (Some(_), fault) => {
            faults.extend(fault);
            Ok((loaded, faults))
        }
    }
}

/// A new certificate as `params` say, signed by itself, with a new key.
///
/// # Errors
///
/// [`CertificateError::SelfSigned`] if `params` are no good.
pub(crate) fn self_signed(
    params: &CertificateParams,
) -> Result<Arc<CertifiedKey>, CertificateError> {
    let pair = KeyPair::generate().map_err(CertificateError::SelfSigned)?;
    let made = params.self_signed(&pair).map_err(CertificateError::SelfSigned)?;
    let key = PrivatePkcs8KeyDer::from(pair.serialize_der()).into();
    let unusable = |source| CertificateError::Unusable { path: SELF_SIGNED.into(), source };
    let key = any_supported_type(&key).map_err(unusable)?;
    // That they go together would be asked of a parser that knows not every critical extension.
    Ok(Arc::new(CertifiedKey::new(vec![made.der().clone()], key)))
}

/// The certificate in `path` and its key.
fn read(path: &Path, now: i64) -> Result<Pair, CertificateError> {
    let key_path = path.with_extension("key");
    let chain = read_chain(path)?;
    let key = PrivateKeyDer::from_pem_file(&key_path).map_err(unreadable(&key_path))?;
    let names = names(&chain);
    if names.is_empty() {
        return Err(CertificateError::Nameless(path.to_owned()));
    }
    let validity = chain.first().and_then(|first| validity(first));
    let Some((begin, end)) = validity.filter(|(_, end)| *end > now) else {
        return Err(CertificateError::Expired(path.to_owned()));
    };
    let key = certified(chain, &key, path)?;
    Ok(Pair { path: path.to_owned(), names, begin, end, key })
}

/// All certificates in the PEM file `path`.
///
/// # Errors
///
/// [`CertificateError::Unreadable`].
pub(crate) fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let chain = CertificateDer::pem_file_iter(path).map_err(unreadable(path))?;
    chain.collect::<Result<Vec<_>, _>>().map_err(unreadable(path))
}

fn unreadable(path: &Path) -> impl FnOnce(rustls::pki_types::pem::Error) -> CertificateError {
    let path = path.to_owned();
    |source| CertificateError::Unreadable { path, source }
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'_>,
    path: &Path,
) -> Result<Arc<CertifiedKey>, CertificateError> {
    let unusable = |source| CertificateError::Unusable { path: path.to_owned(), source };
    let key = any_supported_type(key).map_err(unusable)?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(unusable)?;
    Ok(Arc::new(certified))
}

/// The hosts that the first certificate is for, in lower case.
fn names(chain: &[CertificateDer<'_>]) -> Vec<String> {
    let certificate = chain.first().and_then(|first| webpki::EndEntityCert::try_from(first).ok());
    let names = certificate.as_ref().map(|certificate| certificate.valid_dns_names());
    names.into_iter().flatten().map(str::to_lowercase).collect()
}

/// The certificates in `folder` that have a key, by name.
fn certificates(folder: &Path) -> Result<Vec<PathBuf>, CertificateError> {
    let unreadable = |source| CertificateError::Folder { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_certificate = path.extension().is_some_and(|extension| extension == "crt");
        if is_certificate && path.with_extension("key").is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Changes when a certificate or its key does.
fn stamp(folder: &Path) -> Stamp {
    let stamp = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok();
        let stamp = metadata.and_then(|file| Some((file.modified().ok()?, file.len())));
        (path, stamp)
    };
    let found = certificates(folder).unwrap_or_default();
    found.into_iter().flat_map(|path| [path.with_extension("key"), path]).map(stamp).collect()
}

#[cfg(test)]
mod tests;
