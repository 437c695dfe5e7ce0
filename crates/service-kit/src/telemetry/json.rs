//! One event as one line of JSON, as `tracing_subscriber` would write it with flat fields, but without a
//! serializer between: a service with an access log writes such a line for each request.

use jiff::Timestamp;
use std::cell::Cell;
use std::fmt::{self, Debug, Write};
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes `{"timestamp":…,"level":…,<fields>,"target":…}`. No service here has spans.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writer.write_str("{\"timestamp\":\"")?;
        write_time(&mut writer, SystemTime::now())?;
        write!(writer, "\",\"level\":\"{}\"", event.metadata().level())?;
        let mut fields = Fields { writer: &mut writer, target: None, written: Ok(()) };
        event.record(&mut fields);
        let Fields { target, written, .. } = fields;
        written?;
        writer.write_str(",\"target\":\"")?;
        Escaped(&mut writer).write_str(target.as_deref().unwrap_or(event.metadata().target()))?;
        writer.write_str("\"}\n")
    }
}

/// Writes `now` with microseconds, in UTC (RFC 3339). Most lines are of the same second as the last one.
fn write_time(writer: &mut Writer<'_>, now: SystemTime) -> fmt::Result {
    const SECOND: usize = "2000-01-01T00:00:00".len();
    thread_local! {
        static LAST: Cell<(u64, [u8; SECOND])> = const { Cell::new((u64::MAX, [0; SECOND])) };
    }
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (mut second, mut text) = LAST.get();
    if second != now.as_secs() {
        second = now.as_secs();
        let time = Timestamp::new(second.cast_signed(), 0).map_err(|_| fmt::Error)?.to_string();
        text = time.as_bytes().first_chunk().copied().ok_or(fmt::Error)?;
        LAST.set((second, text));
    }
    let mut micros = *b".000000Z";
    let mut rest = now.subsec_micros();
    for digit in micros[1..7].iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    for part in [&text[..], &micros] {
        writer.write_str(str::from_utf8(part).map_err(|_| fmt::Error)?)?;
    }
    Ok(())
}

/// Writes fields as they come.
struct Fields<'a, 'w> {
    writer: &'a mut Writer<'w>,
    /// Where an event of the crate `log` comes from. Its own target says nothing.
    target: Option<String>,
    written: fmt::Result,
}

impl Fields<'_, '_> {
    fn write(&mut self, field: &Field, value: fmt::Arguments<'_>, is_text: bool) {
        let quote = if is_text { "\"" } else { "" };
        self.written = self.written.and_then(|()| {
            write!(self.writer, ",\"{}\":{quote}", field.name())?;
            match value.as_str() {
                Some(text) => Escaped(self.writer).write_str(text),
                None => Escaped(self.writer).write_fmt(value),
            }?;
            self.writer.write_str(quote)
        });
    }
}

impl Visit for Fields<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "log.target" => self.target = Some(value.to_owned()),
            name if name.starts_with("log.") => {}
            _ => self.write(field, format_args!("{value}"), true),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field, format_args!("{value:?}"), true);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.write(field, format_args!("{value}"), false);
        } else {
            // JSON has no such numbers.
            self.write(field, format_args!("null"), false);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, format_args!("{value}"), false);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if !field.name().starts_with("log.") {
            self.write(field, format_args!("{value}"), false);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, format_args!("{value}"), false);
    }
}

/// Writes what stands between the quotes of a JSON string (RFC 8259 §7).
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        let is_special = |byte: u8| byte < 0x20 || matches!(byte, b'"' | b'\\');
        while let Some(at) = rest.bytes().position(is_special) {
            self.0.write_str(&rest[..at])?;
            match rest.as_bytes()[at] {
                b'"' => self.0.write_str("\\\""),
                b'\\' => self.0.write_str("\\\\"),
                b'\n' => self.0.write_str("\\n"),
                byte => write!(self.0, "\\u{byte:04x}"),
            }?;
            rest = &rest[at + 1..];
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;
    use std::io;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line(event: impl FnOnce()) -> Value {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(JsonLine)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, event);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn fields_keep_their_kinds_and_what_is_not_there_is_left_out() {
        let path = "/墨";
        let said = line(|| {
            tracing::warn!(
                target: "access",
                { http.path = path, http.status = 200_u16, took = 0.5, ratio = f64::NAN, is_new = true,
                client = %"::1", shown = ?"a\"b", less = -1_i64, cache = None::<&str> },
                "GET {path}",
            );
        });

        let expected = serde_json::json!({
            "level": "WARN", "message": "GET /墨", "http.path": "/墨", "http.status": 200,
            "took": 0.5, "ratio": null, "is_new": true, "client": "::1", "shown": "\"a\\\"b\"",
            "less": -1, "target": "access",
        });
        let mut said = said;
        let timestamp = said.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(timestamp.as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{timestamp}");
        assert_eq!(said, expected);
    }

    #[test]
    fn times_are_written_as_they_are() {
        for (seconds, nanos, expected) in [
            (0, 999, "1970-01-01T00:00:00.000000Z"),
            (1_796_000_000, 1_000, "2026-11-30T00:53:20.000001Z"),
            (1_796_000_000, 999_999_999, "2026-11-30T00:53:20.999999Z"),
            (1_796_000_001, 120_000_000, "2026-11-30T00:53:21.120000Z"),
        ] {
            let mut text = String::new();
            let now = UNIX_EPOCH + std::time::Duration::new(seconds, nanos);
            write_time(&mut Writer::new(&mut text), now).unwrap();
            assert_eq!(text, expected);
        }
    }

    proptest! {
        #[test]
        fn any_text_stays_what_it_is_on_one_line(text in "\\PC*|[\\x00-\\x7f]*") {
            let said = line(|| tracing::info!(path = text.as_str(), client = %text, "{text}"));
            for name in ["path", "client", "message"] {
                prop_assert_eq!(said[name].as_str(), Some(text.as_str()));
            }
        }
    }
}
