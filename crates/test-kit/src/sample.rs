//! Sample posts.

use domain::{ContentHash, Heading, Post, PostDetail, PostPath, PostSummary, ReleaseId, Tag};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The post `blog/<name>.md` of `day` (`2026-01-31`). `version` stands for its text: another
/// version is another text, with another hash.
///
/// # Panics
///
/// If `name` is no file name, `day` no day or one of `tags` no tag.
#[must_use]
pub fn post(name: &str, day: &str, tags: &[&str], version: u8) -> Post {
    let date: Date = day.parse().expect("a day");
    let published_at = date.to_zoned(TimeZone::UTC).expect("a day of the calendar").timestamp();
    let mut hash = [version; 32];
    for (index, byte) in name.bytes().chain(day.bytes()).enumerate() {
        hash[index % 31] = hash[index % 31].wrapping_mul(31).wrapping_add(byte);
    }
    Post {
        summary: PostSummary {
            path: PostPath::parse(&format!("blog/{name}.md")).expect("a path"),
            title: format!("Title of {name}"),
            date,
            published_at,
            updated: None,
            brev: format!("What {name} says, version {version}"),
            tags: tags.iter().map(|tag| Tag::parse(tag).expect("a tag")).collect(),
            series: None,
            lang: "en".into(),
            words: 100,
            minutes: 1,
        },
        detail: PostDetail {
            description: None,
            keywords: vec!["ink".into()],
            outline: vec![Heading { level: 2, text: "部署".into(), id: "部署".into() }],
        },
        text: format!("Text of {name}, version {version}. 墨栈"),
        hash: ContentHash::new(hash),
    }
}

/// `count` posts, a day apart, in the order of lists.
///
/// # Panics
///
/// If there are more than a thousand.
#[must_use]
pub fn posts(count: u16, version: u8) -> Vec<Post> {
    assert!(count <= 1000, "a test needs no more");
    let first: Date = "2020-01-01".parse().expect("a day");
    let day = |index| first.saturating_add(jiff::Span::new().days(i64::from(index))).to_string();
    let tags = |index: u16| if index.is_multiple_of(2) { ["even", "all"] } else { ["odd", "all"] };
    (0..count)
        .rev()
        .map(|index| post(&format!("p{index:03}"), &day(index), &tags(index), version))
        .collect()
}

/// A release's id that differs for each `number`.
#[must_use]
pub fn release_id(number: u8) -> ReleaseId {
    ReleaseId::new(ContentHash::new([number; 32]))
}
