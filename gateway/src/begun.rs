//! What is known of a request before pingora's phases see it.
//!
//! Pingora makes the state of a request from nothing, so what happened before travels with the task.

use crate::refusal::Refusal;
use service_kit::RequestId;
use std::net::SocketAddr;
use std::time::Instant;

tokio::task_local! {
    static BEGUN: Begun;
}

/// How a request came to pingora.
#[derive(Debug, Clone, Default)]
pub(crate) enum Begun {
    /// From a client, and nothing has happened yet.
    #[default]
    Now,
    /// From the gateway: nobody reads the answer, it is for memory.
    Refresh,
    /// From a client, and a replica was asked already.
    Before(Before),
}

/// What happened to a request already.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    pub(crate) started: Instant,
    pub(crate) id: RequestId,
    /// There if the replica is to blame.
    pub(crate) failure: Option<ReplicaFailure>,
}

/// A replica that did not answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReplicaFailure {
    pub(crate) replica: SocketAddr,
    /// What to say if no other is to be asked.
    pub(crate) refusal: Refusal,
    /// Whether it may have spent something on the request.
    pub(crate) has_spent: bool,
}

impl Begun {
    /// How this task's request began.
    pub(crate) fn of_this_task() -> Self {
        BEGUN.try_with(Self::clone).unwrap_or_default()
    }

    /// Runs `request`, which began like this.
    pub(crate) async fn scope<T>(self, request: impl Future<Output = T>) -> T {
        BEGUN.scope(self, request).await
    }

    pub(crate) fn is_refresh(&self) -> bool {
        matches!(self, Self::Refresh)
    }

    /// Whether a client's request that has not been counted yet.
    pub(crate) fn is_new(&self) -> bool {
        matches!(self, Self::Now)
    }

    /// The replica that did not answer, if one was asked already.
    pub(crate) fn failure(&self) -> Option<ReplicaFailure> {
        match self {
            Self::Before(before) => before.failure,
            Self::Now | Self::Refresh => None,
        }
    }
}
