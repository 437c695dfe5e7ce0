//! What taking comments needs, if they are on.

use crate::challenge::Challenges;
use crate::error::ApiError;
use crate::settings::{CommentMode, CommentSettings};
use actix_web::HttpRequest;
use actix_web::http::header;
use domain::{CommentLoad, CommentState, CommentStore};
use secrecy::ExposeSecret;
use service_kit::Backoff;
use std::sync::Arc;
use std::time::Duration;

/// So many comments wait for somebody to look at them. More would not be looked at.
const MAX_HELD: u64 = 1000;
/// So many are taken in an hour, whoever sends them.
const MAX_IN_AN_HOUR: u64 = 200;

/// Between two attempts to reach the store.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How comments are taken.
#[derive(Clone)]
pub(crate) struct Comments {
    pub(crate) store: Arc<dyn CommentStore>,
    pub(crate) challenges: Challenges,
    /// With which addresses are hashed.
    pub(crate) sender_key: [u8; 32],
    /// In which a comment is when it comes.
    pub(crate) first_state: CommentState,
    token: blake3::Hash,
    per_hour: u32,
}

impl Comments {
    /// `None` if they are off.
    pub(crate) fn new(settings: &CommentSettings, store: Arc<dyn CommentStore>) -> Option<Self> {
        let first_state = match settings.mode {
            CommentMode::Off => return None,
            CommentMode::Held => CommentState::Held,
            CommentMode::Open => CommentState::Approved,
        };
        let token = settings.token.expose_secret().as_bytes();
        // Replicas have one token, and so the same keys.
        let key = |context| blake3::derive_key(context, token);
        Some(Self {
            store,
            challenges: Challenges {
                key: key("inkstack 2026 comment challenges"),
                bits: settings.bits,
            },
            sender_key: key("inkstack 2026 comment senders"),
            first_state,
            token: blake3::hash(token),
            per_hour: settings.per_hour,
        })
    }

    /// Makes the store ready for comments as soon as it answers, and ends never.
    pub(crate) async fn prepare(&self) {
        let mut backoff = Backoff::new(SHORTEST_PAUSE, LONGEST_PAUSE);
        let mut is_told = false;
        while let Err(error) = self.store.prepare().await {
            if !is_told {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(
                    "comments have no indexes yet: {error}: {}",
                    cause.unwrap_or_default()
                );
            }
            is_told = true;
            backoff.pause().await;
        }
        std::future::pending::<()>().await;
    }

    /// Refuses whoever does not have the token.
    ///
    /// # Errors
    ///
    /// [`ApiError::Unauthorized`].
    pub(crate) fn authorize(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let given = request.headers().get(header::AUTHORIZATION);
        let given = given.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (scheme, token) = given.split_once(' ').unwrap_or_default();
        // Hashes are compared in constant time, and tell nothing of how alike the tokens are.
        let is_right = blake3::hash(token.trim().as_bytes()) == self.token;
        if scheme.eq_ignore_ascii_case("bearer") && is_right {
            Ok(())
        } else {
            Err(ApiError::Unauthorized)
        }
    }

    /// Refuses a comment that is one too many.
    ///
    /// # Errors
    ///
    /// [`ApiError::Banned`] or [`ApiError::TooManyComments`].
    pub(crate) fn check(&self, load: CommentLoad) -> Result<(), ApiError> {
        if load.is_banned {
            return Err(ApiError::Banned);
        }
        let is_full = load.of_sender >= u64::from(self.per_hour)
            || load.recent >= MAX_IN_AN_HOUR
            || load.held >= MAX_HELD;
        if is_full { Err(ApiError::TooManyComments) } else { Ok(()) }
    }
}
