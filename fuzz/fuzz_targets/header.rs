//! Any bytes as a file: reading never panics, and a place that it names lies within the file.

#![no_main]

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use render::{Source, read};

fuzz_target!(|bytes: &[u8]| {
    let reading = read(Source { file: "fuzz.md", bytes }, &TimeZone::UTC);
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 2;
    for diagnostic in &reading.diagnostics {
        assert!((1..=lines).contains(&diagnostic.line), "{diagnostic}");
    }
});
