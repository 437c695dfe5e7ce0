//! The port through which comments are kept.

use crate::{Comment, CommentId, CommentPlace, CommentState, PostPath, Sender, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;

/// Which comments a list holds. Every filter that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommentQuery {
    /// Comments below this post.
    pub path: Option<PostPath>,
    /// Comments in this state.
    pub state: Option<CommentState>,
    /// Comments after this place.
    pub after: Option<CommentPlace>,
    /// At most so many; 0 gives none.
    pub limit: u16,
}

/// How full the store is, as far as it concerns one sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CommentLoad {
    /// Whether the sender may not write.
    pub is_banned: bool,
    /// Comments of the sender since the instant that was asked for.
    pub of_sender: u64,
    /// All comments since then.
    pub recent: u64,
    /// All comments that nobody has looked at.
    pub held: u64,
}

/// Keeps comments. What a post's versions are is no concern of it.
#[async_trait]
pub trait CommentStore: Send + Sync {
    /// Creates indexes that are missing. Whoever takes comments does this, and not the loader: it
    /// need not be able to read them.
    async fn prepare(&self) -> Result<(), StoreError>;

    /// Keeps `comment`. Returns whether its name is new; if not, nothing changes.
    async fn add(&self, comment: &Comment) -> Result<bool, StoreError>;

    /// The comment of this name, if there is one.
    async fn find(&self, id: CommentId) -> Result<Option<Comment>, StoreError>;

    /// How full it is.
    async fn load(&self, sender: Sender, since: Timestamp) -> Result<CommentLoad, StoreError>;

    /// The comments that `query` asks for, oldest first.
    async fn list(&self, query: &CommentQuery) -> Result<Vec<Comment>, StoreError>;

    /// Lets everybody read a comment. Returns whether it is there.
    async fn approve(&self, id: CommentId) -> Result<bool, StoreError>;

    /// Removes a comment. Returns whether it was there.
    async fn delete(&self, id: CommentId) -> Result<bool, StoreError>;

    /// Lets whoever sent a comment send no more, and removes what is held of theirs. Returns who it
    /// was, or `None` if there is no such comment.
    async fn ban(&self, id: CommentId, at: Timestamp) -> Result<Option<Sender>, StoreError>;

    /// Who may not write, in the order of bans.
    async fn banned(&self) -> Result<Vec<(Sender, Timestamp)>, StoreError>;

    /// Lets somebody write again. Returns whether they might not.
    async fn pardon(&self, sender: Sender) -> Result<bool, StoreError>;

    /// Removes all comments below a post. Returns how many there were.
    async fn purge(&self, path: &PostPath) -> Result<u64, StoreError>;
}
