//! Certificates: found in a folder, chosen by name, read again when they change.

use super::expiry::expires;
use super::metrics::{Expiry, TlsMetrics};
use parking_lot::RwLock;
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
    /// When it expires, in seconds since 1970.
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

    /// For clients that name no host.
    fn first(&self) -> Option<&Arc<Pair>> {
        self.pairs.first()
    }

    fn expiry(&self) -> Expiry {
        self.by_name.iter().map(|(name, pair)| (name.clone(), pair.end)).collect()
    }
}

/// All certificates.
#[derive(Debug)]
pub(crate) struct Certificates {
    folder: Option<PathBuf>,
    loaded: RwLock<Arc<Loaded>>,
}

impl Certificates {
    /// Those in `folder`: each `NAME.crt` (the chain, the host's own first) with `NAME.key`.
    ///
    /// # Errors
    ///
    /// [`CertificateError`] names the file.
    pub(crate) fn open(folder: &Path) -> Result<Self, CertificateError> {
        let (loaded, faults) = load(folder, &[])?;
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        let loaded = RwLock::new(Arc::new(loaded));
        Ok(Self { folder: Some(folder.to_owned()), loaded })
    }

    /// A new one for `names`, signed by itself: browsers ask whether to believe it.
    ///
    /// # Errors
    ///
    /// If `names` are no names.
    pub(crate) fn self_signed(names: &[String]) -> Result<Self, CertificateError> {
        let made = rcgen::generate_simple_self_signed(names.to_vec());
        let made = made.map_err(CertificateError::SelfSigned)?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let path = PathBuf::from("the self-signed certificate");
        let key = certified(vec![made.cert.der().clone()], &key.into(), &path)?;
        let names = names.iter().map(|name| name.to_lowercase()).collect();
        let end = expires(made.cert.der()).unwrap_or(i64::MAX);
        let mut loaded = Loaded::default();
        loaded.add(Arc::new(Pair { path, names, end, key }));
        let loaded = RwLock::new(Arc::new(loaded));
        Ok(Self { folder: None, loaded })
    }

    /// Follows the folder for ever. Files that cannot be used leave the old ones in service.
    pub(crate) async fn follow(&self, metrics: &TlsMetrics) {
        metrics.note_expiry(&Expiry::default(), &self.loaded.read().expiry());
        let Some(folder) = &self.folder else { return std::future::pending().await };
        let mut seen = stamp(folder);
        loop {
            tokio::time::sleep(LOOK).await;
            let stamp = stamp(folder);
            if stamp != seen {
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
                seen = stamp;
            }
        }
    }

    /// The certificate for `name`.
    fn find(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let loaded = self.loaded.read().clone();
        let Some(name) = name else { return loaded.first().map(|pair| pair.key.clone()) };
        let exact = loaded.by_name.get(name);
        // A wildcard stands for one label (RFC 6125 §6.4.3).
        let wildcard = || loaded.by_name.get(&format!("*.{}", name.split_once('.')?.1));
        exact.or_else(wildcard).map(|pair| pair.key.clone())
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

/// The certificate in `path` and its key.
fn read(path: &Path, now: i64) -> Result<Pair, CertificateError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        |source| CertificateError::Unreadable { path, source }
    };
    let key_path = path.with_extension("key");
    let chain = CertificateDer::pem_file_iter(path).map_err(unreadable(path))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(unreadable(path))?;
    let key = PrivateKeyDer::from_pem_file(&key_path).map_err(unreadable(&key_path))?;
    let names = names(&chain);
    if names.is_empty() {
        return Err(CertificateError::Nameless(path.to_owned()));
    }
    let end = chain.first().and_then(|first| expires(first));
    let Some(end) = end.filter(|end| *end > now) else {
        return Err(CertificateError::Expired(path.to_owned()));
    };
    let key = certified(chain, &key, path)?;
    Ok(Pair { path: path.to_owned(), names, end, key })
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
fn stamp(folder: &Path) -> Vec<(PathBuf, Option<(SystemTime, u64)>)> {
    let stamp = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok();
        let stamp = metadata.and_then(|file| Some((file.modified().ok()?, file.len())));
        (path, stamp)
    };
    let found = certificates(folder).unwrap_or_default();
    found.into_iter().flat_map(|path| [path.with_extension("key"), path]).map(stamp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, file: &str, names: &[&str]) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        std::fs::write(folder.join(format!("{file}.crt")), made.cert.pem()).unwrap();
        std::fs::write(folder.join(format!("{file}.key")), made.signing_key.serialize_pem())
            .unwrap();
    }

    #[test]
    fn a_certificate_is_found_by_its_names() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a", &["blog.example", "www.blog.example"]);
        write(folder.path(), "b", &["*.other.example"]);
        std::fs::write(folder.path().join("lonely.crt"), "no key").unwrap();

        let certificates = Certificates::open(folder.path()).unwrap();

        let find = |name| certificates.find(Some(name)).map(|found| found.cert[0].clone());
        assert!(find("blog.example").is_some());
        assert_eq!(find("blog.example"), find("www.blog.example"));
        assert_ne!(find("blog.example"), find("x.other.example"));
        assert!(find("x.other.example").is_some());
        for stranger in ["other.example", "x.y.other.example", "example", "a.blog.example"] {
            assert_eq!(find(stranger), None, "{stranger}");
        }
        assert!(certificates.find(None).is_some());
    }

    #[test]
    fn a_fault_names_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let fault = || Certificates::open(folder.path()).unwrap_err().to_string();
        assert!(fault().contains("has no"), "{}", fault());

        write(folder.path(), "a", &["a.example"]);
        write(folder.path(), "b", &["b.example"]);
        std::fs::copy(folder.path().join("a.key"), folder.path().join("b.key")).unwrap();
        assert!(fault().contains("b.crt"), "{}", fault());
        std::fs::write(folder.path().join("b.key"), "nonsense").unwrap();
        assert!(fault().contains("b.key"), "{}", fault());
    }

    #[test]
    fn of_two_for_one_host_the_one_that_holds_longer_is_used_and_an_expired_one_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        let until = |file: &str, year: i32| {
            let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            let key = rcgen::KeyPair::generate().unwrap();
            let made = params.self_signed(&key).unwrap();
            std::fs::write(folder.path().join(format!("{file}.crt")), made.pem()).unwrap();
            std::fs::write(folder.path().join(format!("{file}.key")), key.serialize_pem()).unwrap();
            made.der().clone()
        };
        until("a", 2200);
        let longest = until("b", 2300);
        until("c", 2100);

        let certificates = Certificates::open(folder.path()).unwrap();
        assert_eq!(certificates.find(Some("a.example")).unwrap().cert[0], longest);

        until("c", 2020);
        let fault = Certificates::open(folder.path()).unwrap_err().to_string();
        assert!(fault.contains("c.crt") && fault.contains("expired"), "{fault}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_certificate_is_taken_and_a_bad_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a", &["a.example"]);
        let certificates = Arc::new(Certificates::open(folder.path()).unwrap());
        let following = certificates.clone();
        tokio::spawn(async move { following.follow(&TlsMetrics::default()).await });
        let first = || certificates.find(None).unwrap().cert[0].clone();
        let old = first();
        tokio::time::sleep(LOOK / 2).await;

        write(folder.path(), "a", &["a.example", "longer.example"]);
        tokio::time::sleep(LOOK).await;
        let new = first();
        assert_ne!(new, old);
        std::fs::write(folder.path().join("a.crt"), "nonsense").unwrap();
        write(folder.path(), "b", &["b.example"]);
        tokio::time::sleep(LOOK).await;

        assert_eq!(first(), new);
        assert!(certificates.find(Some("b.example")).is_some(), "the others are read all the same");
        drop(folder);
        tokio::time::sleep(LOOK).await;
        assert_eq!(first(), new);
    }
}
