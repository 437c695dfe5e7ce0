//! Questions that are asked to their end, whoever gives up.
//!
//! The driver closes the connection of a question that is dropped, and leaves one that still waits for
//! a connection in its queue. That queue is served in order, and moves on by one when somebody asks or
//! gives a connection back: after a freeze, those who wait would stand behind all who have gone.

use super::error::slow;
use super::{DEADLINE, within_deadline};
use domain::StoreError;
use mongodb::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// So many questions are under way at once, each with a connection of its own.
pub(super) const MAX_QUESTIONS: u32 = 64;
/// When a question ends that nobody waits for any more. By then the driver has found out that a server
/// is frozen: 10 s between two signs of life, and `connect_timeout`.
const LAST: Duration = Duration::from_secs(15);

/// The questions that are under way. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Questions(Arc<Semaphore>);

impl Default for Questions {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_QUESTIONS as usize)))
    }
}

/// A question on its way. Boxed, so that what follows is compiled once for each kind of answer, not for
/// each question.
pub(super) type Asked<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

impl Questions {
    /// Awaits the answer to `question`, but not for ever. Whoever gives up before it is asked leaves
    /// nothing behind; afterwards it goes on, and gives back its connection when it is answered.
    pub(super) async fn ask<T: Send + 'static>(&self, question: Asked<T>) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let answered = async {
            self.begin(Box::pin(async move {
                // Nobody listens if whoever asked has given up.
                let _ = tell.send(within_deadline(LAST, question).await);
            }))
            .await;
            told.await.unwrap_or_else(|lost| Err(StoreError::Unavailable(Box::new(lost))))
        };
        tokio::time::timeout(DEADLINE, answered).await.unwrap_or_else(|_| Err(slow(DEADLINE)))
    }

    /// Runs `task` by itself as soon as there is a place for it.
    async fn begin(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        // It is never closed.
        let place = self.0.clone().acquire_owned().await;
        tokio::spawn(async move {
            task.await;
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test(start_paused = true)]
    async fn a_question_is_asked_to_its_end_when_nobody_waits_and_only_so_many_are() {
        let (questions, begun, ended) = (Questions::default(), Arc::default(), Arc::default());
        let ask = |takes: Duration| {
            let (begun, ended): (Arc<AtomicU32>, Arc<AtomicU32>) =
                (Arc::clone(&begun), Arc::clone(&ended));
            questions.ask(Box::pin(async move {
                begun.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(takes).await;
                ended.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }))
        };
        let frozen = Duration::from_secs(8);

        let asked = (0..2 * MAX_QUESTIONS).map(|_| ask(frozen));
        let answers = futures_util::future::join_all(asked).await;

        assert!(answers.iter().all(Result::is_err), "all have waited for five seconds");
        assert_eq!(begun.load(Ordering::Relaxed), MAX_QUESTIONS, "the others have left nothing");
        assert!(ask(Duration::ZERO).await.is_ok(), "there is a place after three seconds more");
        assert_eq!(ended.load(Ordering::Relaxed), MAX_QUESTIONS + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_answered_ends() {
        let questions = Questions::default();
        let never =
            (0..MAX_QUESTIONS).map(|_| questions.ask::<()>(Box::pin(std::future::pending())));
        futures_util::future::join_all(never).await;

        // They have waited for some of it already.
        tokio::time::sleep(LAST).await;

        assert!(questions.ask(Box::pin(async { Ok(()) })).await.is_ok());
    }
}
