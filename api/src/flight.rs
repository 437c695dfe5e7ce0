//! One computation for many who wait for the same answer.

use crate::error::ApiError;
use actix_web::web::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::OnceCell;

/// An answer's body, or why there is none.
type Landed = Result<Bytes, ApiError>;

/// The answers that are being computed now. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<String, Weak<OnceCell<Landed>>>>>);

impl Flights {
    /// What `compute` gives, or what somebody else's gives who asked for `key` before and has not
    /// been answered. If that one goes away, the next in line computes.
    pub(crate) async fn join(&self, key: &str, compute: impl Future<Output = Landed>) -> Landed {
        let flight = self.flight(key);
        flight.get_or_init(|| compute).await.clone()
    }

    fn flight(&self, key: &str) -> Arc<OnceCell<Landed>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(key).and_then(Weak::upgrade)
            && !flight.initialized()
        {
            return flight;
        }
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight = Arc::default();
        flights.insert(key.to_owned(), Arc::downgrade(&flight));
        flight
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[expect(clippy::unnecessary_wraps, reason = "what an answer that can fail gives")]
    fn body(text: &'static str) -> Landed {
        Ok(text.into())
    }

    #[tokio::test]
    async fn many_who_ask_at_once_wait_for_one_answer() {
        let (flights, computed) = (Flights::default(), AtomicU32::new(0));
        let ask = || {
            flights.join("posts", async {
                computed.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Err(ApiError::RouteNotFound)
            })
        };

        let (one, other, third) = tokio::join!(ask(), ask(), ask());

        assert!([one, other, third].iter().all(Result::is_err));
        assert_eq!(computed.load(Ordering::Relaxed), 1);
        let later = flights.join("posts", async { body("later") }).await;
        assert_eq!(later.unwrap(), "later");
    }

    #[tokio::test]
    async fn whoever_goes_away_leaves_the_others_an_answer() {
        let flights = Flights::default();
        let mut gone = Box::pin(flights.join("posts", std::future::pending()));
        assert!(
            std::future::poll_fn(|context| {
                std::task::Poll::Ready(gone.as_mut().poll(context).is_pending())
            })
            .await
        );

        let next = flights.join("posts", async { body("next") });
        let (next, ()) = tokio::join!(next, async move { drop(gone) });

        assert_eq!(next.unwrap(), "next");
    }
}
