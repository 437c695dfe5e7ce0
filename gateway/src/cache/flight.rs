//! One asks, the others wait for its answer.

use super::key::Key;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use tokio::sync::watch;

/// Who is asking for what.
#[derive(Debug, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<Key, watch::Receiver<()>>>>);

/// Held by whoever asks; the others go on when it is dropped.
#[derive(Debug)]
pub(crate) struct Flight {
    flights: Arc<Mutex<HashMap<Key, watch::Receiver<()>>>>,
    key: Key,
    _landed: watch::Sender<()>,
}

/// Whose turn it is.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Ours.
    Ours(Flight),
    /// Somebody asks already.
    Theirs(watch::Receiver<()>),
}

impl Flights {
    pub(crate) fn turn(&self, key: &Key) -> Turn {
        match self.0.lock().entry(key.clone()) {
            Entry::Occupied(flight) => Turn::Theirs(flight.get().clone()),
            Entry::Vacant(free) => {
                let (landed, wait) = watch::channel(());
                free.insert(wait);
                Turn::Ours(Flight { flights: self.0.clone(), key: key.clone(), _landed: landed })
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.key);
    }
}
