//! What a blog is: posts, their addresses, releases, and the ports to where they are kept.
//!
//! Pure: no HTTP, no driver, no runtime, no clock and no environment. Time is an argument.

mod cache;
mod comment;
mod counter;
mod error;
mod hash;
mod post;
mod release;
mod tag;

pub use crate::cache::Cache;
pub use crate::comment::place::{CommentPlace, CommentPlaceError};
pub use crate::comment::store::{CommentLoad, CommentQuery, CommentStore};
pub use crate::comment::text::{Author, CommentError, CommentText};
pub use crate::comment::{Comment, CommentId, CommentState, DigitsError, Sender};
pub use crate::counter::{
    Batch, CountStore, Counted, Counts, Day, Hit, HitOutcome, PostCounts, Tally,
};
pub use crate::error::StoreError;
pub use crate::hash::{ContentHash, HashError};
pub use crate::post::cursor::{Cursor, CursorError};
pub use crate::post::date::{DateError, PostDate};
pub use crate::post::outline::{Heading, nested};
pub use crate::post::path::{PostPath, PostPathError};
pub use crate::post::reader::PostReader;
pub use crate::post::{Post, PostDetail, PostSummary, Visibility, visibility};
pub use crate::release::difference::{Change, Comparison, Difference, SeenTwice};
pub use crate::release::writer::{Lease, PostWriter, VisiblePost};
pub use crate::release::{CurrentRelease, ReleaseId, ReleaseSeq};
pub use crate::tag::{Tag, TagError};
