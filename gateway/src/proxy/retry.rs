//! Whether a request is made a second time, and what is said if not.

use super::{Gateway, MAX_TRIES, RequestState};
use crate::limit::Limit;
use crate::refusal::Refusal;
use pingora::Result;
use pingora::proxy::Session;
use std::time::{Duration, Instant};

impl Gateway {
    /// Whether asking another replica may help, and cannot do anything twice.
    pub(super) fn may_retry(&self, session: &Session, state: &RequestState) -> bool {
        session.response_written().is_none()
            && is_safe(session)
            && state.tried.len() < MAX_TRIES
            && self.time_left(state).is_some()
            && self.upstream(state.route).has_other(&state.tried)
    }

    /// As `may_retry`, for a request that a replica may have spent something on: of those, not too
    /// many are made again.
    pub(super) fn may_spend_retry(&self, session: &Session, state: &RequestState) -> bool {
        if !self.may_retry(session, state) {
            return false;
        }
        let may = self.upstream(state.route).budget.spend(Instant::now());
        if !may {
            self.hit.hit(Limit::RetryBudget);
        }
        may
    }

    /// What to say, if a replica has failed before the phases began and no other is to be asked.
    pub(super) fn verdict(&self, session: &Session, state: &RequestState) -> Option<Refusal> {
        let failure = state.begun.failure()?;
        let may = if failure.has_spent {
            self.may_spend_retry(session, state)
        } else {
            self.may_retry(session, state)
        };
        (!may).then_some(failure.refusal)
    }

    /// How long the client still waits for its answer to begin.
    pub(super) fn time_left(&self, state: &RequestState) -> Option<Duration> {
        self.settings.answer_timeout.checked_sub(state.started.elapsed())
    }

    /// Answers instead of a service.
    pub(super) async fn refuse(
        &self,
        refusal: Refusal,
        session: &mut Session,
        state: &RequestState,
    ) -> Result<()> {
        if let Some(limit) = refusal.limit() {
            self.hit.hit(limit);
        }
        refusal.send(session, &state.id).await
    }
}

/// Whether a request changes nothing, and so may be made twice (RFC 9110 §9.2.1).
fn is_safe(session: &Session) -> bool {
    matches!(session.req_header().method.as_str(), "GET" | "HEAD" | "OPTIONS")
}
