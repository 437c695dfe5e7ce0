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
                let (url, variants) = ("/media/1.png".into(), Vec::new());
                Resolved::Picture { url, width: 3, height: 2, variants }
            }
            "large.png" => {
                let variant = |width| Variant {
                    url: format!("/media/{width}.webp"),
                    content_type: "image/webp".into(),
                    width,
                };
                let (url, variants) = ("/media/2.png".into(), vec![variant(480), variant(900)]);
                Resolved::Picture { url, width: 900, height: 300, variants }
            }
            _ => Resolved::Missing { suggestion: None },
        }
    }
}

fn rendered(body: &str) -> Rendered {
    rendered_as(Manner { language: "en", math: false }, body)
}

fn rendered_as(manner: Manner<'_>, body: &str) -> Rendered {
    let text = format!("```yaml lw-blog-meta\ntitle: x\ndate: 2019-10-13\nbrev: s\n```\n{body}");
    let reading = read(Source { file: "x.md", bytes: text.as_bytes() }, &TimeZone::UTC);
    render("x.md", &reading, manner, &Site)
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
    assert!(rendered.html.starts_with(&format!("<h2 id=\"{id}\">")), "{}", rendered.html);
    assert!(rendered.html.contains("第四二章 &lt;Crash Consistency&gt;<a "), "{}", rendered.html);
    assert_eq!(rendered.text, "第四二章 <Crash Consistency>");
}

#[test]
fn a_tag_without_its_other_half_is_text() {
    let rendered = rendered("# 第四六章 <Summary>\n\n<kbd>a</kbd> <kbd>b </b>c<br>d\n");

    assert_eq!(rendered.outline[0].text, "第四六章 <Summary>");
    assert!(rendered.html.contains("第四六章 &lt;Summary&gt;<a "), "{}", rendered.html);
    let line = "<p><kbd>a</kbd> &lt;kbd&gt;b &lt;/b&gt;c<br>d</p>";
    assert!(rendered.html.contains(line), "{}", rendered.html);
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
            "<div class=\"code\" data-language=\"brainwave\"><pre tabindex=\"0\"><code>```&lt;b&gt;\n\
             </code></pre></div>"
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

    for part in ["<table>", "class=\"task done\"", "footnote", "class=\"alert note\""] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

#[test]
fn a_line_break_between_chinese_characters_is_no_blank() {
    let rendered = rendered("墨栈\n一行，\nok **粗**\n体 a\nb 字\na\n");

    assert_eq!(rendered.html, "<p>墨栈一行，ok <strong>粗</strong>体 a\nb 字\na</p>\n");
    assert_eq!(rendered.text, "墨栈一行，ok 粗体 a b 字 a");
}

#[test]
fn what_a_body_says_by_itself_is_in_the_posts_language() {
    let body = "> [!NOTE]\n> x\n\n- [x] y[^1]\n\n[^1]: z\n";
    let chinese = rendered_as(Manner { language: "zh-CN", math: false }, body).html;

    assert!(chinese.contains("<p class=\"alert-title\">注</p>"), "{chinese}");
    assert!(chinese.contains("aria-label=\"已完成\""), "{chinese}");
    assert!(chinese.contains("aria-label=\"回到引用处 1\""), "{chinese}");
    assert!(rendered(body).html.contains("<p class=\"alert-title\">Note</p>"));
}

#[test]
fn headings_begin_below_the_title_and_skip_no_level() {
    let html = rendered("# a\n\n### b\n\n# c\n").html;

    for part in ["<h2 id=\"a\">", "<h3 id=\"b\">", "<h2 id=\"c\">", "</h3>"] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

#[test]
fn formulas_are_mathml_only_where_a_post_asks_for_them() {
    let plain = rendered("$x$ and $y$\n");
    let math = rendered_as(Manner { language: "en", math: true }, "$x$\n\n$$\\frac$$\n");

    assert_eq!(plain.html, "<p>$x$ and $y$</p>\n");
    assert!(math.html.starts_with("<p><math><mi>x</mi></math></p>"), "{}", math.html);
    assert_eq!(found(&math), ["8:1 bad-formula"]);
}

#[test]
fn marked_lines_and_long_code_are_told_apart() {
    let html = rendered("```go {2}\nfunc x() {\n\ty()\n}\n```\n").html;
    let long = rendered(&format!("```\n{}```\n", "x\n".repeat(41))).html;

    assert!(html.contains("<span class=\"hl\">\t<span class=\"hf\">y</span>()\n</span>"), "{html}");
    assert!(long.contains("class=\"code long\"") && long.contains("Show all 41 lines"), "{long}");
}

#[test]
fn a_picture_that_stands_alone_is_a_figure_with_its_title() {
    let html = rendered("![图](<../pic/图 1.png> \"A caption\")\n").html;

    assert!(html.starts_with("<figure><img src=\"/media/1.png\""), "{html}");
    assert!(html.ends_with("<figcaption>A caption</figcaption></figure>\n"), "{html}");
}

proptest! {
    #[test]
    fn no_markdown_makes_rendering_panic(body in "\\PC{0,200}|[-#*_`\\[\\]()<>!|\n a~]{0,200}") {
        let _ = rendered(&body);
    }
}

#[test]
fn a_browser_may_choose_a_smaller_form_of_a_picture() {
    let html = rendered("![a](large.png \"Title\")\n").html;

    assert_eq!(
        html,
        "<figure><picture><source type=\"image/webp\" srcset=\"/media/480.webp 480w, \
         /media/900.webp 900w\" sizes=\"(min-width: 768px) 722px, calc(100vw - 46px)\">\
         <img src=\"/media/2.png\" alt=\"a\" width=\"900\" height=\"300\" title=\"Title\" \
         loading=\"lazy\" decoding=\"async\"></picture><figcaption>Title</figcaption></figure>\n"
    );
}
