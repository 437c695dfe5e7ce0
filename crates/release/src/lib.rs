//! The release: one immutable state of the blog as files, every one named by its content.
//!
//! ```text
//! DIR/blobs/<64 hex>             what a route answers
//! DIR/blobs/<64 hex>.br .gz .zst the same, compressed once
//! DIR/posts.ndjson               one post a line, newest first
//! DIR/index.json                 route → blob, type, encodings, cache policy; redirects
//! DIR/carried.json               the same of assets that only earlier releases name
//! ```
//!
//! `index.json` is written last and by rename, so a reader finds the old release or the new one.

mod blob;
mod carried;
mod compression;
mod error;
mod index;
mod manifest;
mod posts;
mod reader;
mod writer;

pub use crate::blob::content_hash;
pub use crate::carried::{Carried, CarriedFile, GENERATIONS, carry};
pub use crate::compression::{Compression, Encoding};
pub use crate::error::{ReleaseError, RouteTaken};
pub use crate::index::{CachePolicy, Entry, FORMAT, File, Index, PostsFile};
pub use crate::manifest::Manifest;
pub use crate::posts::{LineError, PostsDecoder, write_posts};
pub use crate::reader::Release;
pub use crate::writer::{ReleaseWriter, Written};
