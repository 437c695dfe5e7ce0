//! From the block's fields to a [`Header`], with every wrong one named.

use super::Header;
use super::fence::Block;
use super::value::{Field, Value, fields};
use crate::diagnostic::{Place, Report};
use domain::{PostDate, PostPath, Tag};
use jiff::Timestamp;
use jiff::tz::TimeZone;

const KNOWN: [&str; 13] = [
    "title",
    "date",
    "brev",
    "tags",
    "path",
    "description",
    "keywords",
    "draft",
    "updated",
    "aliases",
    "lang",
    "series",
    "math",
];

/// Reads the header. `None` if it has no usable title or date; the report says so.
pub(super) fn header(
    block: &Block,
    file: &str,
    zone: &TimeZone,
    report: &mut Report,
) -> Option<Header> {
    let fields = fields(block, report)?;
    warn_about_unknown(&fields, report);
    let mut form = Form { fields: &fields, report, line: block.line };

    let title = form.title();
    let date = form.date(zone);
    let brev = form.brev();
    let tags = form.tags();
    let path = form.parsed("path", "bad-path", PostPath::parse);
    let updated = form
        .parsed("updated", "bad-date", |text| PostDate::parse(text, zone))
        .map(|updated: PostDate| -> Timestamp { updated.at });
    let header = Header {
        title: title?,
        date: date?,
        brev,
        tags,
        path,
        description: form.text("description").map(|(text, _)| text),
        keywords: form.keywords(),
        draft: form.flag("draft"),
        updated,
        aliases: form.texts("aliases", false),
        lang: form.text("lang").map(|(text, _)| text),
        series: form.text("series").map(|(text, _)| text),
        math: form.flag("math"),
    };
    form.compare_with_file_name(&header, file);
    Some(header)
}

fn warn_about_unknown(fields: &[Field], report: &mut Report) {
    for (name, at, ..) in fields.iter().filter(|(name, ..)| !KNOWN.contains(&name.as_str())) {
        let message = format!("the header has a field `{name}` that means nothing");
        let remedy = format!("remove it, or use one of {}", KNOWN.join(", "));
        report.warning(*at, "unknown-field", message, remedy);
    }
}

/// The fields while they are being read.
struct Form<'f, 'r, 'file> {
    fields: &'f [Field],
    report: &'r mut Report<'file>,
    line: usize,
}

impl Form<'_, '_, '_> {
    fn find(&self, name: &str) -> Option<(&Value, Place)> {
        let field = self.fields.iter().find(|(field, ..)| field == name)?;
        Some((&field.2, field.3))
    }

    /// A field that holds one text; surrounding white space, NBSP included, does not count.
    fn text(&mut self, name: &str) -> Option<(String, Place)> {
        match self.find(name)? {
            (Value::Null, _) => None,
            (Value::Text(text, _), at) => {
                let text = text.trim();
                (!text.is_empty()).then(|| (text.to_owned(), at))
            }
            (_, at) => {
                self.wrong_type(name, at, "a text");
                None
            }
        }
    }

    fn wrong_type(&mut self, name: &str, at: Place, wanted: &str) {
        let message = format!("`{name}` is not {wanted}");
        self.report.error(at, "wrong-type", message, format!("write {wanted} there"));
    }

    fn title(&mut self) -> Option<String> {
        let before = self.report.found.len();
        let title = self.text("title").map(|(title, _)| title);
        if title.is_none() && self.report.found.len() == before {
            let at = (self.line, 1);
            self.report.error(at, "no-title", "the post has no title", "add `title: …`");
        }
        title
    }

    fn date(&mut self, zone: &TimeZone) -> Option<PostDate> {
        let before = self.report.found.len();
        let date = self.parsed("date", "bad-date", |text| PostDate::parse(text, zone));
        if date.is_none() && self.report.found.len() == before {
            let remedy = "add `date: \"YYYY-MM-DD\"`";
            self.report.error((self.line, 1), "no-date", "the post has no date", remedy);
        }
        date
    }

    fn brev(&mut self) -> String {
        if let Some((brev, _)) = self.text("brev") {
            return brev;
        }
        let at = self.find("brev").map_or((self.line, 1), |(_, at)| at);
        let remedy = "say in one sentence what a reader will learn: `brev: …`";
        self.report.warning(at, "empty-brev", "the post has no summary", remedy);
        String::new()
    }

    fn parsed<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        code: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let (text, at) = self.text(name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                let message = format!("`{name}` cannot be used: {error}");
                self.report.error(at, code, message, format!("mend or remove `{name}`"));
                None
            }
        }
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.text(name) {
            None => false,
            Some((text, at)) => match text.as_str() {
                "true" => true,
                "false" => false,
                _ => {
                    self.wrong_type(name, at, "`true` or `false`");
                    false
                }
            },
        }
    }

    /// A list of texts; with `or_text`, one text with commas is a list as well.
    fn texts(&mut self, name: &str, or_text: bool) -> Vec<String> {
        let (items, at) = match self.find(name) {
            None | Some((Value::Null, _)) => return Vec::new(),
            Some((Value::List(items), at)) => (items.clone(), at),
            Some((Value::Text(text, _), _)) if or_text => {
                let parts = text.split([',', '，', '、']).map(str::trim);
                return parts.filter(|part| !part.is_empty()).map(str::to_owned).collect();
            }
            Some((_, at)) => {
                self.wrong_type(name, at, "a list such as `[one, two]`");
                return Vec::new();
            }
        };
        let mut texts = Vec::with_capacity(items.len());
        for (item, _) in items {
            match item {
                Value::Text(text, _) => texts.push(text.trim().to_owned()),
                Value::Null => {}
                _ => self.wrong_type(name, at, "a list of texts"),
            }
        }
        texts.retain(|text| !text.is_empty());
        texts
    }

    fn keywords(&mut self) -> Vec<String> {
        self.texts("keywords", true)
    }

    fn tags(&mut self) -> Vec<Tag> {
        let at = self.find("tags").map_or((self.line, 1), |(_, at)| at);
        let mut tags: Vec<Tag> = Vec::new();
        for text in self.texts("tags", false) {
            match Tag::parse(&text) {
                Ok(tag) if tags.contains(&tag) => {}
                Ok(tag) => tags.push(tag),
                Err(error) => {
                    let message = format!("`{text}` is no tag: {error}");
                    self.report.error(at, "bad-tag", message, "choose another word");
                }
            }
        }
        tags
    }

    /// Posts are named `YYMMDD-title.md`; a date that differs is usually a slip in one of the two.
    fn compare_with_file_name(&mut self, header: &Header, file: &str) {
        let name = file.rsplit('/').next().unwrap_or(file);
        let Some(digits) = name.get(..6).filter(|text| text.bytes().all(|b| b.is_ascii_digit()))
        else {
            return;
        };
        let day = header.date.day;
        let dated = format!("{:02}{:02}{:02}", day.year().rem_euclid(100), day.month(), day.day());
        if digits != dated && !name[6..].starts_with(|c: char| c.is_ascii_digit()) {
            let at = self.find("date").map_or((self.line, 1), |(_, at)| at);
            let message = format!("the date is {day} but the file is named {digits}");
            let remedy =
                "correct the date, or rename the file and add the old address to `aliases`";
            self.report.warning(at, "date-file-name", message, remedy);
        }
    }
}
