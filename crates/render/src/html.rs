//! HTML: escaping, and the short list of tags that a post may write itself.

/// Appends `text` with `& < > "` escaped, for content and for quoted attributes.
pub(crate) fn escape(text: &str, html: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"']) {
        html.push_str(&rest[..at]);
        html.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&quot;",
        });
        rest = &rest[at + 1..];
    }
    html.push_str(rest);
}

/// [`escape`] into a new string.
pub(crate) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    escape(text, &mut html);
    html
}

/// Tags that pass; their attributes do not, but for `open` and for the `title` of [`TITLED`].
const ALLOWED: [&str; 18] = [
    "abbr", "b", "br", "cite", "del", "details", "dfn", "hr", "i", "ins", "kbd", "mark", "q",
    "samp", "small", "sub", "summary", "sup",
];

/// Tags whose title says what the words within stand for.
const TITLED: [&str; 2] = ["abbr", "dfn"];

/// Passes the allowed tags of raw HTML and shows everything else as the text it is, so that
/// `<Crash Consistency>` in a heading keeps its words. Comments vanish.
pub(crate) fn sanitize(raw: &str) -> String {
    let mut html = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('<') {
        escape_entities_kept(&rest[..at], &mut html);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("<!--") {
            rest = after.split_once("-->").map_or("", |(_, after)| after);
        } else if let Some((tag, after)) = allowed_tag(rest) {
            html.push_str(&tag);
            rest = after;
        } else {
            html.push_str("&lt;");
            rest = &rest[1..];
        }
    }
    escape_entities_kept(rest, &mut html);
    html
}

/// Text within raw HTML: `&lt;` is an entity there already, a lone `&` is not.
fn escape_entities_kept(text: &str, html: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        escape(&rest[..at], html);
        let is_entity = rest[at + 1..].split_once(';').is_some_and(|(name, _)| {
            !name.is_empty()
                && name.len() < 32
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#')
        });
        html.push_str(if is_entity { "&" } else { "&amp;" });
        rest = &rest[at + 1..];
    }
    escape(rest, html);
}

/// The tag at the beginning of `text`, rewritten, and what follows it.
fn allowed_tag(text: &str) -> Option<(String, &str)> {
    let (inside, after) = text.strip_prefix('<')?.split_once('>')?;
    let (slash, inside) = match inside.strip_prefix('/') {
        Some(inside) => ("/", inside),
        None => ("", inside),
    };
    let inside = inside.trim_end_matches('/');
    let mut words = inside.split_ascii_whitespace();
    let name = words.next()?.to_ascii_lowercase();
    if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) || !ALLOWED.contains(&name.as_str()) {
        return None;
    }
    let mut tag = format!("<{slash}{name}");
    if slash.is_empty() && words.any(|word| word == "open") {
        tag.push_str(" open");
    }
    if slash.is_empty()
        && TITLED.contains(&name.as_str())
        && let Some(title) = title(inside)
    {
        tag.push_str(" title=\"");
        escape_entities_kept(title, &mut tag);
        tag.push('"');
    }
    tag.push('>');
    Some((tag, after))
}

/// The name of the tag that `raw` is, in lowercase, and whether it closes.
pub(crate) fn tag_name(raw: &str) -> Option<(String, bool)> {
    let inside = raw.strip_prefix('<')?;
    let (inside, is_closing) =
        inside.strip_prefix('/').map_or((inside, false), |rest| (rest, true));
    let name: String = inside.chars().take_while(char::is_ascii_alphanumeric).collect();
    (!name.is_empty()).then(|| (name.to_ascii_lowercase(), is_closing))
}

/// The quoted value of the attribute `title`.
fn title(inside: &str) -> Option<&str> {
    let (_, rest) = inside.split_once(" title=")?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split_once(quote).map(|(title, _)| title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_tags_pass_and_lose_their_attributes() {
        assert_eq!(sanitize("<KBD onclick=x>Ctrl</kbd><br/>"), "<kbd>Ctrl</kbd><br>");
        assert_eq!(sanitize("<details open id=x>"), "<details open>");
        assert_eq!(
            sanitize("<abbr onclick=x title=\"A & B\">AB</abbr><b title=\"x\">"),
            "<abbr title=\"A &amp; B\">AB</abbr><b>"
        );
    }

    #[test]
    fn everything_else_is_shown_as_text() {
        assert_eq!(sanitize("<Crash Consistency>"), "&lt;Crash Consistency&gt;");
        assert_eq!(sanitize("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
        assert_eq!(sanitize("<b<script>"), "&lt;b&lt;script&gt;");
        assert_eq!(sanitize("a & b &amp; <!-- x -->c"), "a &amp; b &amp; c");
    }
}
