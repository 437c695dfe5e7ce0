//! Code highlighting at build time: a few short CSS classes, and no work for the reader.

use crate::body::Marks;
use crate::html::escape;
use std::collections::HashMap;
use std::sync::LazyLock;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

/// The classes that highlighted code carries, with what each marks: what a theme must colour.
pub const CLASSES: [(&str, &str); 9] = [
    ("hc", "comment"),
    ("hs", "string"),
    ("hn", "number or other constant"),
    ("hk", "keyword"),
    ("ht", "type or storage"),
    ("hf", "function"),
    ("hg", "tag or key"),
    ("hv", "variable"),
    ("hm", "attribute or annotation"),
];

/// Scopes, the most telling first within one name, and the class each gets.
const SCOPES: [(&str, &str); 26] = [
    ("comment", "hc"),
    ("punctuation.definition.comment", "hc"),
    ("constant.character.escape", "hn"),
    ("string", "hs"),
    ("punctuation.definition.string", "hs"),
    ("constant", "hn"),
    ("keyword.operator.word", "hk"),
    ("keyword.operator", ""),
    ("keyword", "hk"),
    ("storage.modifier", "hk"),
    ("storage", "ht"),
    ("entity.name.function", "hf"),
    ("support.function", "hf"),
    ("variable.function", "hf"),
    ("entity.name.tag", "hg"),
    ("support.type.property-name", "hg"),
    ("entity.other.attribute-name", "hm"),
    ("variable.annotation", "hm"),
    ("meta.annotation", "hm"),
    ("entity.name", "ht"),
    ("entity.other.inherited-class", "ht"),
    ("support.type", "ht"),
    ("support.class", "ht"),
    ("variable.language", "hv"),
    ("variable.parameter", "hv"),
    ("support.constant", "hn"),
];

/// A longer line is data, not code, and would cost seconds.
const MAX_LINE_BYTES: usize = 2000;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

static RULES: LazyLock<Vec<(Scope, &'static str)>> = LazyLock::new(|| {
    SCOPES.iter().filter_map(|(scope, class)| Some((Scope::new(scope).ok()?, *class))).collect()
});

/// The HTML of `code`, highlighted by the fence's info string if that names a language that is
/// known, with the lines of `marks` marked.
pub(crate) fn highlight(info: &str, code: &str, marks: &Marks) -> String {
    let mut painter = Painter::new(code.len());
    let coloured = syntax(info).and_then(|syntax| paint(syntax, code, marks, &mut painter));
    if coloured.is_none() {
        painter = Painter::new(code.len());
        for (index, line) in code.split_inclusive('\n').enumerate() {
            painter.line(marks.has(index + 1), |painter| painter.text(line, ""));
        }
    }
    painter.finish()
}

/// `None` if the grammar fails on this code.
fn paint(syntax: &SyntaxReference, code: &str, marks: &Marks, out: &mut Painter) -> Option<()> {
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    for (index, line) in code.split_inclusive('\n').enumerate() {
        let is_marked = marks.has(index + 1);
        if line.len() > MAX_LINE_BYTES {
            out.line(is_marked, |out| out.text(line, ""));
            continue;
        }
        let operations = state.parse_line(line, &SYNTAXES).ok()?;
        out.line(is_marked, |out| {
            let mut at = 0;
            for (end, operation) in operations {
                out.text(line.get(at..end)?, out.class(&stack));
                stack.apply(&operation).ok()?;
                at = end;
            }
            out.text(line.get(at..)?, out.class(&stack));
            Some(())
        })?;
    }
    Some(())
}

/// The language that an info string names, in lowercase: `Go {1,3}` is `go`.
pub(crate) fn language(info: &str) -> String {
    let word = info.split([' ', '\t', ',', '{']).next().unwrap_or_default();
    word.to_lowercase()
}

fn syntax(info: &str) -> Option<&'static SyntaxReference> {
    let token = language(info);
    let token = match token.as_str() {
        "" | "text" | "txt" | "plain" | "plaintext" | "pseu" | "pseudo" | "tree" => return None,
        "golang" | "goalng" => "go",
        "shell" | "shell-session" | "console" | "zsh" => "bash",
        "flow" | "mjs" | "mongodb" => "js",
        "mysql" | "postgresql" => "sql",
        "cs" | "csharp" => "cs",
        "docker" => "dockerfile",
        "x86" | "x86asm" | "asm" => "asm",
        "protobuf" => "proto",
        "conf" => "ini",
        other => other,
    };
    SYNTAXES.find_syntax_by_token(token)
}

/// Writes text in spans, one span for neighbours of one class.
struct Painter {
    html: String,
    open: &'static str,
    known: std::cell::RefCell<HashMap<Scope, Option<&'static str>>>,
}

impl Painter {
    fn new(bytes: usize) -> Self {
        Self {
            html: String::with_capacity(bytes * 2),
            open: "",
            known: std::cell::RefCell::default(),
        }
    }

    /// Writes one line in a span of its own if it is marked.
    fn line<T>(&mut self, is_marked: bool, write: impl FnOnce(&mut Self) -> T) -> T {
        if is_marked {
            self.close();
            self.html.push_str("<span class=\"hl\">");
        }
        let written = write(self);
        if is_marked {
            self.close();
            self.html.push_str("</span>");
        }
        written
    }

    /// The class of the innermost scope that has one.
    fn class(&self, stack: &ScopeStack) -> &'static str {
        let mut known = self.known.borrow_mut();
        let class = |scope: &Scope| *known.entry(*scope).or_insert_with(|| class_of(*scope));
        stack.as_slice().iter().rev().find_map(class).unwrap_or_default()
    }

    fn text(&mut self, text: &str, class: &'static str) {
        if text.is_empty() {
            return;
        }
        // White space looks alike in every class; changing span for it only makes the page longer.
        if class != self.open && !(text.trim().is_empty() && self.open != "hs") {
            self.close();
            if !class.is_empty() {
                self.html.push_str("<span class=\"");
                self.html.push_str(class);
                self.html.push_str("\">");
            }
            self.open = class;
        }
        escape(text, &mut self.html);
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.html.push_str("</span>");
        }
        self.open = "";
    }

    fn finish(mut self) -> String {
        self.close();
        self.html
    }
}

/// The class of the longest rule that is a prefix of `scope`.
fn class_of(scope: Scope) -> Option<&'static str> {
    let matching = RULES.iter().filter(|(rule, _)| rule.is_prefix_of(scope));
    matching.max_by_key(|(rule, _)| rule.len()).map(|(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_of_technical_posts_are_known() {
        let all = "go python shell shell-session bash c C cpp c++ js javascript jsx ts typescript \
                   tsx sql yaml json html css scss sass rust java kotlin php protobuf nginx \
                   dockerfile docker toml ini conf csharp cs goalng mysql flow";
        for name in all.split_whitespace() {
            assert!(syntax(name).is_some(), "{name}");
        }
    }

    #[test]
    fn code_is_marked_and_keeps_every_character() {
        let html =
            highlight("go", "func main() { // <hi>\n\treturn \"a&b\"\n}\n", &Marks::default());

        assert!(html.contains("<span class=\"hc\">// &lt;hi&gt;\n"), "{html}");
        assert!(html.contains("<span class=\"hs\">&quot;a&amp;b&quot;"), "{html}");
        let mut text = String::new();
        let mut is_tag = false;
        for c in html.chars() {
            match c {
                '<' => is_tag = true,
                '>' => is_tag = false,
                c if !is_tag => text.push(c),
                _ => {}
            }
        }
        assert_eq!(text, "func main() { // &lt;hi&gt;\n\treturn &quot;a&amp;b&quot;\n}\n");
    }

    #[test]
    fn an_unknown_language_is_plain_text() {
        assert_eq!(highlight("brainwave", "<x", &Marks::default()), "&lt;x");
        assert_eq!(highlight("text", "x", &Marks::default()), "x");
    }
}
