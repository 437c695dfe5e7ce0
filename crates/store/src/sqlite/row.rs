//! Rows to what the blog knows, and back.

use super::{corrupt, unavailable};
use domain::{CurrentRelease, ReleaseSeq, StoreError};
use jiff::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Row, Statement, ToSql};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A release from its number, id, count of posts, and time.
pub(super) fn release(row: &Row<'_>) -> Result<CurrentRelease, StoreError> {
    let seq = ReleaseSeq(column(row, 0)?);
    let id: String = column(row, 1)?;
    let posts: i64 = column(row, 2)?;
    Ok(CurrentRelease {
        seq,
        id: id.parse().map_err(|error| corrupt("release", error))?,
        posts: posts.unsigned_abs(),
        at: Timestamp::from_millisecond(column(row, 3)?)
            .map_err(|error| corrupt("release", error))?,
    })
}

/// What the first column holds as JSON.
pub(super) fn json_column<T: DeserializeOwned>(row: &Row<'_>) -> Result<T, StoreError> {
    let text: String = column(row, 0)?;
    serde_json::from_str(&text).map_err(|error| corrupt("post", error))
}

/// One column.
pub(super) fn column<T: FromSql>(row: &Row<'_>, index: usize) -> Result<T, StoreError> {
    row.get(index).map_err(unavailable)
}

/// Every row of the answer.
pub(super) fn rows<T>(
    statement: &mut Statement<'_>,
    params: &[&dyn ToSql],
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = statement.query(params).map_err(unavailable)?;
    let mut all = Vec::new();
    while let Some(row) = found.next().map_err(unavailable)? {
        all.push(read(row)?);
    }
    Ok(all)
}

/// `value` as JSON.
pub(super) fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    let cannot = |error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    serde_json::to_string(value).map_err(cannot)
}
