//! Documents as lines, to the byte.
//!
//! The driver's own extended JSON is not canonical when it is serialized directly, and loses the
//! order of fields when it goes through a JSON value.

use super::BackupError;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, RawDocument, RawDocumentBuf};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

/// One document, as a line has it.
#[derive(Serialize)]
struct Line<'a, T> {
    collection: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bson: Option<Canonical<'a, Bson>>,
}

/// What every line of a document begins with.
pub(super) const LINE_START: &[u8] = b"{\"collection\":";

/// The line of `document`, without the line's end.
pub(super) fn line(collection: &str, document: &RawDocument) -> Result<Vec<u8>, BackupError> {
    if let Ok(decoded) = Document::try_from(document) {
        let canonical = Line { collection, document: Some(Canonical(&decoded)), bson: None };
        let text = encoded(&canonical)?;
        // Whoever restores it must find the same bytes: a NaN with a payload, a key twice or a key
        // that looks like extended JSON would be something else.
        if parsed(&text).is_ok_and(|(_, back)| back.as_bytes() == document.as_bytes()) {
            return Ok(text);
        }
    }
    bytes_line(collection, document.as_bytes().to_vec())
}

/// A line of plain bytes.
pub(super) fn bytes_line(collection: &str, bytes: Vec<u8>) -> Result<Vec<u8>, BackupError> {
    let bson = Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes });
    encoded(&Line::<()> { collection, document: None, bson: Some(Canonical(&bson)) })
}

fn encoded(line: &impl Serialize) -> Result<Vec<u8>, BackupError> {
    serde_json::to_vec(line).map_err(|error| BackupError::Write(error.into()))
}

/// The inverse of [`bytes_line`]: collection and bytes.
pub(super) fn parsed_bytes(line: &[u8]) -> Result<(String, Vec<u8>), String> {
    let line: Owned = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    match line.bson {
        Some(Bson::Binary(binary)) => Ok((line.collection, binary.bytes)),
        _ => Err("no `bson` in it".to_owned()),
    }
}

/// The inverse of [`line`]: collection and document.
pub(super) fn parsed(line: &[u8]) -> Result<(String, RawDocumentBuf), String> {
    let line: Owned = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let document = match (line.document, line.bson) {
        (Some(document), None) => RawDocumentBuf::try_from(&document),
        (None, Some(Bson::Binary(binary))) => RawDocumentBuf::from_bytes(binary.bytes),
        _ => return Err("neither `document` nor `bson` in it".to_owned()),
    };
    Ok((line.collection, document.map_err(|error| error.to_string())?))
}

#[derive(Deserialize)]
struct Owned {
    collection: String,
    #[serde(default)]
    document: Option<Document>,
    #[serde(default)]
    bson: Option<Bson>,
}

/// Canonical extended JSON (`MongoDB` Extended JSON v2), fields in their order.
struct Canonical<'a, T>(&'a T);

impl Serialize for Canonical<'_, Document> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, Canonical(value))))
    }
}

impl Serialize for Canonical<'_, Bson> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Bson::Document(document) => Canonical(document).serialize(serializer),
            Bson::Array(values) => serializer.collect_seq(values.iter().map(Canonical)),
            Bson::Int32(value) => wrapped(serializer, "$numberInt", &value.to_string()),
            Bson::Int64(value) => wrapped(serializer, "$numberLong", &value.to_string()),
            Bson::Double(value) => wrapped(serializer, "$numberDouble", &double(*value)),
            Bson::DateTime(at) => {
                wrapped(serializer, "$date", &Canonical(&Bson::Int64(at.timestamp_millis())))
            }
            Bson::Binary(Binary { subtype, bytes }) => {
                let base64 = BASE64_STANDARD.encode(bytes);
                let subtype = format!("{:02x}", u8::from(*subtype));
                wrapped(serializer, "$binary", &Base64 { base64, subtype })
            }
            // The others have one form.
            other => other.serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct Base64 {
    base64: String,
    #[serde(rename = "subType")]
    subtype: String,
}

fn wrapped<S: Serializer>(
    serializer: S,
    key: &'static str,
    value: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

/// The shortest digits that read back as the same number.
fn double(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        format!("{value:?}")
    }
}
