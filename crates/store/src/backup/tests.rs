//! What a backup says of itself, and that nothing else is believed.

use super::write::BackupWriter;
use super::*;
use mongodb::bson::{RawDocumentBuf, doc, rawdoc};

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// A backup of two collections, with three documents.
async fn written() -> Vec<u8> {
    let mut out = Vec::new();
    let header = Header::new(Kind::Mongodb, "blog", now());
    let mut writer = BackupWriter::begin(&mut out, header).await.unwrap();
    for (collection, number) in [("current", 1), ("posts", 2), ("posts", 3)] {
        let line = canonical::line(collection, &rawdoc! { "_id": number }).unwrap();
        writer.document(collection, &line).await.unwrap();
    }
    writer.finish().await.unwrap();
    out
}

async fn verified(backup: &[u8]) -> Result<BackupSummary, BackupError> {
    verify_backup(backup).await
}

#[tokio::test]
async fn a_backup_is_lines_of_text_that_say_what_they_are() {
    let backup = String::from_utf8(written().await).unwrap();

    let lines: Vec<&str> = backup.lines().collect();
    let version = env!("CARGO_PKG_VERSION");
    let header = format!(
        r#"{{"inkstack_backup":1,"store":"mongodb","database":"blog","at":"2026-11-24T12:00:00Z","version":"{version}"}}"#
    );
    assert_eq!(lines[0], header);
    assert_eq!(lines[1], r#"{"collection":"current","document":{"_id":{"$numberInt":"1"}}}"#);
    assert!(
        lines[4].starts_with(r#"{"documents":3,"collections":{"current":1,"posts":2},"blake3":""#)
    );
    let summary = verified(backup.as_bytes()).await.unwrap().to_string();
    let begin = "database `blog` as of 2026-11-24T12:00:00Z: 3 documents (current 1, posts 2)";
    assert!(summary.starts_with(begin), "{summary}");
}

#[tokio::test]
async fn a_backup_that_was_cut_off_is_called_that_wherever_it_was() {
    let backup = written().await;
    for length in 0..backup.len() {
        let error = verified(&backup[..length]).await.unwrap_err();
        assert!(matches!(error, BackupError::Truncated(_)), "{length}: {error}");
    }
}

#[tokio::test]
async fn no_changed_byte_goes_unnoticed() {
    let backup = written().await;
    for index in 0..backup.len() {
        let mut altered = backup.clone();
        altered[index] ^= 1;
        assert!(verified(&altered).await.is_err(), "byte {index}");
    }
}

#[tokio::test]
async fn a_line_too_many_too_few_or_elsewhere_is_noticed() {
    let backup = String::from_utf8(written().await).unwrap();
    let lines: Vec<&str> = backup.lines().collect();
    let joined = |lines: &[&str]| lines.join("\n") + "\n";
    for (what, lines) in [
        ("missing", vec![lines[0], lines[1], lines[2], lines[4]]),
        ("twice", vec![lines[0], lines[1], lines[2], lines[2], lines[3], lines[4]]),
        ("moved", vec![lines[0], lines[1], lines[3], lines[2], lines[4]]),
        ("after the end", [&lines[..], &lines[..1]].concat()),
    ] {
        let error = verified(joined(&lines).as_bytes()).await.unwrap_err();
        assert!(matches!(error, BackupError::Altered { .. }), "{what}: {error}");
    }
    let other = backup.replace("backup\":1", "backup\":2");
    let error = verified(other.as_bytes()).await.unwrap_err();
    assert!(error.to_string().contains("format 2"), "{error}");
}

#[test]
fn a_line_gives_back_the_same_bytes_in_the_same_order() {
    use mongodb::bson::{
        Binary, Bson, DateTime, Decimal128, Regex, Timestamp, oid::ObjectId, spec::BinarySubtype,
    };
    let regex = Regex { pattern: "a/b".try_into().unwrap(), options: "i".try_into().unwrap() };
    let document = doc! {
        "z": 1i32, "a": 1i64, "double": 1.0, "tiny": 5e-324, "minus": -0.0, "nan": f64::NAN,
        "infinite": f64::NEG_INFINITY, "oid": ObjectId::new(), "old": DateTime::MIN,
        "decimal": "1.10".parse::<Decimal128>().unwrap(),
        "binary": Binary { subtype: BinarySubtype::UserDefined(0x81), bytes: vec![0, 255, 10] },
        "regex": regex, "timestamp": Timestamp { time: 1, increment: 2 },
        "nested": [ { "b": [ 1i64, "墨\n\"" ], "a": null }, true ],
        "min": Bson::MinKey, "max": Bson::MaxKey, "undefined": Bson::Undefined,
        "code": Bson::JavaScriptCode("x()".into()), "symbol": Bson::Symbol("s".into()),
    };
    let raw = RawDocumentBuf::try_from(&document).unwrap();

    let line = canonical::line("odd", &raw).unwrap();
    let (name, back) = canonical::parsed(&line).unwrap();

    let text = String::from_utf8(line).unwrap();
    assert!(
        text.contains(r#""document":{"z":{"$numberInt":"1"},"a":{"$numberLong":"1"},"#),
        "{text}"
    );
    assert!(text.contains(r#""nan":{"$numberDouble":"NaN"}"#), "{text}");
    assert_eq!((name.as_str(), back.as_bytes()), ("odd", raw.as_bytes()));
}

#[test]
fn what_extended_json_would_change_is_kept_as_bytes() {
    let payload = f64::from_bits(0xfff8_0000_0000_0001);
    for document in [doc! { "nan": payload }, doc! { "a": { "$oid": "no object id" } }] {
        let raw = RawDocumentBuf::try_from(&document).unwrap();

        let line = canonical::line("odd", &raw).unwrap();

        assert!(line.starts_with(br#"{"collection":"odd","bson":{"$binary":"#), "{line:?}");
        assert_eq!(canonical::parsed(&line).unwrap().1.as_bytes(), raw.as_bytes());
    }
}
