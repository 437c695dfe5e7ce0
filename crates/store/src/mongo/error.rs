//! What the driver says, as what somebody can do about it.

use super::corrupt;
use domain::StoreError;
use mongodb::error::{Error, ErrorKind, WriteFailure};
use std::time::Duration;

// MongoDB's error codes (`src/mongo/base/error_codes.yml`).
const UNAUTHORIZED: i32 = 13;
const AUTHENTICATION_FAILED: i32 = 18;
const OUT_OF_DISK_SPACE: i32 = 14_031;

const WRONG_PASSWORD: &str = "MongoDB refuses the user or password in MONGODB_URI: compare both with \
     the user that the database has, and authSource with where it was made";
const NO_PASSWORD: &str = "MongoDB wants a user and a password: write them into MONGODB_URI";
const NO_RIGHTS: &str = "the user in MONGODB_URI may not do this in MONGODB_DATABASE: grant it \
     `readWrite` there (deploy/mongo/users.js has the least that each program needs)";
const BAD_URI: &str = "MONGODB_URI cannot be used: write mongodb://user:password@host:port, with \
     every `:/?#[]@%` of user and password as %XX";
const NO_ROOM: &str = "MongoDB has no room left: free space on the disk that holds its data";

/// No server answers. The driver's own words say what was tried; these say what to look at.
#[derive(Debug, thiserror::Error)]
#[error(
    "no MongoDB answers at the address in MONGODB_URI: see whether it runs; if it stopped by \
     itself, its log and the free space of its disk say why"
)]
struct Unreachable(#[source] Error);

/// A server took longer than a question may.
#[derive(Debug, thiserror::Error)]
#[error("the MongoDB in MONGODB_URI took longer than {0:?} to answer")]
struct Slow(Duration);

/// The server did not answer in time.
pub(super) fn slow(deadline: Duration) -> StoreError {
    StoreError::Unavailable(Box::new(Slow(deadline)))
}

/// Tells a server that we cannot reach from one that refuses us, has no room, or gave a document
/// that we cannot read.
pub(super) fn store_error(error: Error) -> StoreError {
    let refused = |remedy: &str, error| StoreError::Refused {
        remedy: remedy.to_owned(),
        source: Box::new(error),
    };
    match (&*error.kind, code(&error)) {
        (ErrorKind::BsonDeserialization(_) | ErrorKind::Bson(_), _) => corrupt("document", error),
        (ErrorKind::Authentication { .. }, _) | (_, Some(AUTHENTICATION_FAILED)) => {
            refused(WRONG_PASSWORD, error)
        }
        // The code is the same for somebody unknown and somebody who may not.
        (_, Some(UNAUTHORIZED)) if error.to_string().contains("requires authentication") => {
            refused(NO_PASSWORD, error)
        }
        (_, Some(UNAUTHORIZED)) => refused(NO_RIGHTS, error),
        (_, Some(OUT_OF_DISK_SPACE)) => {
            StoreError::Full { remedy: NO_ROOM.to_owned(), source: Box::new(error) }
        }
        (ErrorKind::InvalidArgument { .. }, _) => refused(BAD_URI, error),
        (
            ErrorKind::ServerSelection { .. }
            | ErrorKind::Io(_)
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::ConnectionPoolCleared { .. },
            _,
        ) => StoreError::Unavailable(Box::new(Unreachable(error))),
        _ => StoreError::Unavailable(Box::new(error)),
    }
}

/// The server's code, wherever the driver put it.
fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(command) => Some(command.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Some(error.code),
        ErrorKind::InsertMany(error) => {
            let first = error.write_errors.iter().flatten().next().map(|error| error.code);
            first.or_else(|| error.write_concern_error.as_ref().map(|error| error.code))
        }
        _ => std::error::Error::source(error)?.downcast_ref().and_then(code),
    }
}
