//! What the authority knows, and what a test can tell it.

use super::issue::Issuing;
use super::jws::Jwk;
use super::listen::listen;
use super::order::Order;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;

/// An authority with a root of its own. It stops with the test's runtime.
#[derive(Debug)]
pub struct Authority {
    state: Arc<State>,
    folder: TempDir,
}

/// What its connections share.
#[derive(Debug)]
pub(super) struct State {
    pub(super) url: String,
    pub(super) issuing: Issuing,
    pub(super) is_down: AtomicBool,
    /// So many good nonces are refused.
    pub(super) nonces_to_refuse: AtomicUsize,
    nonces_refused: AtomicUsize,
    contacts: AtomicUsize,
    issued: AtomicUsize,
    pub(super) next: AtomicUsize,
    nonces: Mutex<HashSet<String>>,
    accounts: Mutex<Vec<Jwk>>,
    pub(super) orders: Mutex<Vec<Order>>,
    gateways: Mutex<Vec<SocketAddr>>,
    lifetime: Mutex<Duration>,
}

/// A test that has failed elsewhere has poisoned it, which is no reason to fail here.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Authority {
    /// Starts one on a free port. Its certificates last for 90 days.
    ///
    /// # Panics
    ///
    /// If this machine has no free port or no place for a file.
    pub async fn start() -> Self {
        let issuing = Issuing::new();
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let root = issuing.root();
        std::fs::write(folder.path().join("roots.pem"), root).expect("the folder takes a file");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let state = Arc::new(State {
            url: format!("https://localhost:{port}"),
            issuing,
            is_down: AtomicBool::default(),
            nonces_to_refuse: AtomicUsize::default(),
            nonces_refused: AtomicUsize::default(),
            contacts: AtomicUsize::default(),
            issued: AtomicUsize::default(),
            next: AtomicUsize::default(),
            nonces: Mutex::default(),
            accounts: Mutex::default(),
            orders: Mutex::default(),
            gateways: Mutex::default(),
            lifetime: Mutex::new(Duration::from_hours(90 * 24)),
        });
        tokio::spawn(listen(listener, state.clone()));
        Self { state, folder }
    }

    /// Where a client begins.
    #[must_use]
    pub fn directory(&self) -> String {
        format!("{}/directory", self.state.url)
    }

    /// The PEM file with the root of its own server and of what it signs.
    #[must_use]
    pub fn roots(&self) -> PathBuf {
        self.folder.path().join("roots.pem")
    }

    /// From now on each of `gateways` must answer for every host.
    pub fn ask_at(&self, gateways: &[SocketAddr]) {
        *lock(&self.state.gateways) = gateways.to_vec();
    }

    /// From now on certificates last for so long.
    pub fn sign_for(&self, lifetime: Duration) {
        *lock(&self.state.lifetime) = lifetime;
    }

    /// Closes every connection without a word, or no longer.
    pub fn be_down(&self, is_down: bool) {
        self.state.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Refuses the next `count` nonces, which are good.
    pub fn refuse_nonces(&self, count: usize) {
        self.state.nonces_to_refuse.store(count, Ordering::SeqCst);
    }

    /// Nonces that were refused.
    #[must_use]
    pub fn refused_nonces(&self) -> usize {
        self.state.nonces_refused.load(Ordering::SeqCst)
    }

    /// Connections that were made to it, answered or not.
    #[must_use]
    pub fn contacts(&self) -> usize {
        self.state.contacts.load(Ordering::SeqCst)
    }

    /// Accounts that were made.
    #[must_use]
    pub fn accounts(&self) -> usize {
        lock(&self.state.accounts).len()
    }

    /// Forgets every account.
    pub fn forget_accounts(&self) {
        lock(&self.state.accounts).clear();
    }

    /// Orders that were made.
    #[must_use]
    pub fn orders(&self) -> usize {
        lock(&self.state.orders).len()
    }

    /// Certificates that it signed.
    #[must_use]
    pub fn issued(&self) -> usize {
        self.state.issued.load(Ordering::SeqCst)
    }
}

impl State {
    pub(super) fn note_contact(&self) {
        self.contacts.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn note_issued(&self) {
        self.issued.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn gateways(&self) -> Vec<SocketAddr> {
        lock(&self.gateways).clone()
    }

    pub(super) fn lifetime(&self) -> Duration {
        *lock(&self.lifetime)
    }

    pub(super) fn new_nonce(&self) -> String {
        let nonce = format!("nonce-{}", self.next.fetch_add(1, Ordering::SeqCst));
        lock(&self.nonces).insert(nonce.clone());
        nonce
    }

    /// Whether `nonce` was given out and not used yet.
    pub(super) fn use_nonce(&self, nonce: &str) -> bool {
        let take_one = |count: usize| count.checked_sub(1);
        let order = Ordering::SeqCst;
        let is_good = lock(&self.nonces).remove(nonce)
            && self.nonces_to_refuse.fetch_update(order, order, take_one).is_err();
        if !is_good {
            self.nonces_refused.fetch_add(1, Ordering::SeqCst);
        }
        is_good
    }

    /// The number of the account with this key, which is made if it is new.
    pub(super) fn account(&self, key: Jwk) -> (usize, bool) {
        let mut accounts = lock(&self.accounts);
        if let Some(known) = accounts.iter().position(|account| *account == key) {
            return (known, false);
        }
        accounts.push(key);
        (accounts.len() - 1, true)
    }

    pub(super) fn key(&self, account: usize) -> Option<Jwk> {
        lock(&self.accounts).get(account).cloned()
    }
}
