//! What a header may look like, and what is said of one that may not.

use super::*;
use proptest::prelude::*;

fn reading(text: &str) -> Reading {
    let source = Source { file: "2019/191013-x.md", bytes: text.as_bytes() };
    read(source, &TimeZone::get("Asia/Shanghai").unwrap())
}

fn yaml(fields: &str) -> Reading {
    reading(&format!("```yaml lw-blog-meta\n{fields}\n```\nbody\n"))
}

/// `line:col code` of every diagnostic.
fn found(reading: &Reading) -> Vec<String> {
    let line = |d: &Diagnostic| format!("{}:{} {}", d.line, d.col, d.code);
    reading.diagnostics.iter().map(line).collect()
}

#[test]
fn json_and_yaml_headers_mean_the_same() {
    let json = reading(
        "```json lw-blog-meta\n{\"title\": \"a: [b]\", \"date\": \"2019-10-13\", \"brev\": \"s\", \
         \"tags\": [\"运维\", \"C#\"], \"draft\": true, \"keywords\": [\"x\", \"y\"]}\n```\nbody\n",
    );
    let yaml = yaml(
        "title: 'a: [b]'\ndate: 2019-10-13\nbrev: s\ntags:\n  - 运维\n  - C#\ndraft: true\nkeywords: x, y",
    );

    assert_eq!(found(&json), [""; 0]);
    assert_eq!(json.header, yaml.header);
    assert_eq!(json.header.unwrap().title, "a: [b]");
    assert_eq!((json.body.as_str(), json.body_line), ("body\n", 4));
}

#[test]
fn a_file_without_the_block_is_no_post() {
    for text in ["", "# hi", "```yaml\ntitle: x\n```", "text\n```yaml lw-blog-meta\n```"] {
        assert!(!reading(text).is_post, "{text}");
    }
}

#[test]
fn every_fault_is_named_with_its_place_in_one_reading() {
    let reading = yaml("title:\ndate: 2019-02-31\nbrev: ''\ntags: 运维\ncolour: red\ndraft: maybe");

    assert_eq!(
        found(&reading),
        ["6:1 unknown-field", "2:1 no-title", "3:7 bad-date", "4:7 empty-brev", "5:7 wrong-type"]
    );
    assert!(reading.header.is_none());
}

#[test]
fn broken_json_and_yaml_are_named_where_they_break() {
    let json = reading("```json lw-blog-meta\n{\"title\": }\n```\n");
    let yaml = yaml("title: \"x\ndate: 2019-10-13");

    assert_eq!(found(&json), ["2:11 header-json"]);
    assert_eq!(yaml.diagnostics[0].code, "header-yaml");
}

#[test]
fn windows_line_endings_and_marks_are_tolerated() {
    let text = "\u{feff}```yaml lw-blog-meta\r\ntitle: x\r\ndate: 2019-10-13\r\nbrev: s\u{a0}\r\n```\r\nbody";

    let reading = reading(text);

    assert_eq!(found(&reading), ["1:1 crlf"]);
    assert_eq!(reading.header.unwrap().brev, "s");
}

#[test]
fn a_date_that_differs_from_the_file_name_is_a_warning() {
    let reading = yaml("title: x\ndate: 2019-10-14\nbrev: s");

    assert_eq!(found(&reading), ["3:7 date-file-name"]);
    assert!(reading.header.is_some());
}

#[test]
fn a_path_that_leaves_the_site_is_an_error() {
    let reading = yaml("title: x\ndate: 2019-10-13\nbrev: s\npath: ../../etc/passwd.md");

    assert_eq!(found(&reading), ["5:7 bad-path"]);
}

#[test]
fn bytes_that_are_not_utf8_are_named_where_they_begin() {
    let source = Source { file: "x.md", bytes: b"ok\nab\xff" };

    let reading = read(source, &TimeZone::UTC);

    assert_eq!(found(&reading), ["2:3 not-utf8"]);
}

#[test]
fn an_unclosed_block_is_an_error() {
    assert_eq!(reading("```yaml lw-blog-meta\ntitle: x\n").diagnostics[0].code, "header-unclosed");
}

proptest! {
    #[test]
    fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(Source { file: "x.md", bytes: &bytes }, &TimeZone::UTC);
    }

    #[test]
    fn no_header_makes_reading_panic(text in "\\PC{0,200}", json in any::<bool>()) {
        let syntax = if json { "json" } else { "yaml" };
        let _ = reading(&format!("```{syntax} lw-blog-meta\n{text}\n```\n"));
    }

    #[test]
    fn a_title_reads_back_as_it_was_written(title in "[^\\p{C}\\s]([^\\p{C}]{0,30}[^\\p{C}\\s])?") {
        let json = serde_json::json!({ "title": title, "date": "2019-10-13", "brev": "s" });
        let reading = reading(&format!("```json lw-blog-meta\n{json}\n```\n"));
        prop_assert_eq!(reading.header.map(|header| header.title), Some(title.trim().to_owned()));
    }
}
