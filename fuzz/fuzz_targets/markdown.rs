//! Any text as the body of a post: rendering never panics, and no script gets through.

#![no_main]

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use render::{Manner, Resolved, Resolver, Source, read, render};

/// A site in which nothing is found.
struct Nothing;

impl Resolver for Nothing {
    fn link(&self, _: &str) -> Resolved {
        Resolved::Missing { suggestion: None }
    }

    fn picture(&self, _: &str) -> Resolved {
        Resolved::Missing { suggestion: None }
    }
}

fuzz_target!(|body: &str| {
    let text = format!("```yaml lw-blog-meta\ntitle: t\ndate: \"2026-01-01\"\n```\n{body}");
    let reading = read(Source { file: "fuzz.md", bytes: text.as_bytes() }, &TimeZone::UTC);
    let manner = Manner { language: "zh", math: true };
    let rendered = render("fuzz.md", &reading, manner, &Nothing);
    assert!(!rendered.html.to_ascii_lowercase().contains("<script"), "{}", rendered.html);
});
