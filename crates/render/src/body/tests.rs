//! What Markdown becomes.

use super::*;
use crate::{Source, read};
use jiff::tz::TimeZone;
use proptest::prelude::*;

/// A site with one post and one picture.
struct Site;

impl Resolver for Site {
    fn link(&self, target: &str) -> Resolved {
        match target {
            "../2020/x.md" => Resolved::Page { url: "/blog/2020/x".into() },
            _ => Resolved::Missing { suggestion: Some("../2020/x.md".into()) },
        }
    }

    fn picture(&self, target: &str) -> Resolved {
        match target {
            "../pic/图 1.png" => {
                Resolved::Picture { url: "/media/1.png".into(), width: 3, height: 2 }
            }
            _ => Resolved::Missing { suggestion: None },
        }
    }
}

fn rendered(body: &str) -> Rendered {
    let text = format!("```yaml lw-blog-meta\ntitle: x\ndate: 2019-10-13\nbrev: s\n```\n{body}");
    let reading = read(Source { file: "x.md", bytes: text.as_bytes() }, &TimeZone::UTC);
    render("x.md", &reading, &Site)
}

fn found(rendered: &Rendered) -> Vec<String> {
    let line = |d: &Diagnostic| format!("{}:{} {}", d.line, d.col, d.code);
    rendered.diagnostics.iter().map(line).collect()
}

#[test]
fn a_pseudo_tag_in_a_heading_keeps_its_words_everywhere() {
    let rendered = rendered("# 第四二章 <Crash Consistency>\n");

    let id = &rendered.outline[0].id;
    assert_eq!(rendered.outline[0].text, "第四二章 <Crash Consistency>");
    assert_eq!(id, "第四二章-crash-consistency");
    assert!(rendered.html.starts_with(&format!("<h1 id=\"{id}\">")), "{}", rendered.html);
    assert!(rendered.html.contains("第四二章 &lt;Crash Consistency&gt;</h1>"), "{}", rendered.html);
    assert_eq!(rendered.text, "第四二章 <Crash Consistency>");
}

#[test]
fn scripts_and_dangerous_addresses_never_reach_a_reader() {
    let rendered = rendered(
        "<script>x</script>\n\n[a](javascript:x) ![b](data:text/html,x) <img src=x onerror=y>\n",
    );

    assert!(!rendered.html.contains("<script"), "{}", rendered.html);
    assert!(!rendered.html.contains("javascript:"), "{}", rendered.html);
    assert!(!rendered.html.contains("<img"), "{}", rendered.html);
    assert_eq!(found(&rendered), ["8:1 unsafe-link", "8:19 unsafe-picture"]);
}

#[test]
fn links_and_pictures_of_the_site_are_resolved() {
    let rendered = rendered("[x](../2020/x.md#a) ![图](<../pic/图 1.png>)\n");

    assert_eq!(
        rendered.html,
        "<p><a href=\"/blog/2020/x#a\">x</a> <img src=\"/media/1.png\" alt=\"图\" width=\"3\" \
         height=\"2\" loading=\"lazy\" decoding=\"async\"></p>\n"
    );
    assert_eq!(rendered.fragments[0].url.as_deref(), Some("/blog/2020/x"));
}

#[test]
fn what_is_missing_is_named_with_its_place() {
    let rendered = rendered("\n[x](../2020/y.md) [豆](wandoujia.com) []()\n\n![](no.png)\n");

    assert_eq!(
        found(&rendered),
        [
            "7:1 broken-link",
            "7:19 link-without-scheme",
            "7:38 empty-link",
            "9:1 empty-alt",
            "9:1 missing-picture"
        ]
    );
    assert!(rendered.html.contains("href=\"https://wandoujia.com\""), "{}", rendered.html);
}

#[test]
fn emphasis_beside_chinese_punctuation_works() {
    let rendered = rendered("**“强调”**吗\n");

    assert_eq!(rendered.html, "<p><strong>“强调”</strong>吗</p>\n");
}

#[test]
fn template_marks_are_text() {
    let rendered = rendered("{{ secret }} {% for %}\n");

    assert_eq!(rendered.html, "<p>{{ secret }} {% for %}</p>\n");
}

#[test]
fn code_is_highlighted_and_an_unknown_language_is_shown_as_it_is() {
    let rendered = rendered("```goalng\nfunc x()\n```\n\n````brainwave\n```<b>\n````\n");

    assert!(rendered.html.contains("<span class=\"ht\">func </span>"), "{}", rendered.html);
    assert!(
        rendered.html.contains(
            "<pre tabindex=\"0\" data-language=\"brainwave\"><code>```&lt;b&gt;\n</code></pre>"
        ),
        "{}",
        rendered.html
    );
    assert_eq!(rendered.text, "func x()\n```<b>");
}

#[test]
fn tables_tasks_footnotes_and_alerts_work() {
    let html =
        rendered("|a|\n|-|\n|b|\n\n- [x] done\n\nnote[^1]\n\n[^1]: foot\n\n> [!NOTE]\n> hi\n").html;

    for part in ["<table>", "type=\"checkbox\"", "footnote", "markdown-alert"] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

proptest! {
    #[test]
    fn no_markdown_makes_rendering_panic(body in "\\PC{0,200}|[-#*_`\\[\\]()<>!|\n a~]{0,200}") {
        let _ = rendered(&body);
    }
}
