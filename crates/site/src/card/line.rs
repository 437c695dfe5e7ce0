//! Breaking a title into lines: between Chinese characters, between Latin words, and never before
//! a mark that closes or after one that opens.

/// The lines of `text`, none wider than `width` unless a single word is.
pub(super) fn broken(text: &str, width: f32, measure: impl Fn(&str) -> f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for unit in units(text) {
        let longer = format!("{line}{unit}");
        if line.is_empty() || measure(longer.trim_end()) <= width {
            line = longer;
        } else {
            lines.push(line.trim_end().to_owned());
            unit.trim_start().clone_into(&mut line);
        }
    }
    if !line.trim_end().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// What stays on one line: a Chinese character with its marks, or a word with the blank behind it.
fn units(text: &str) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    let mut last: Option<char> = None;
    for c in text.chars() {
        let is_joined = last.is_some_and(|last| {
            closes(c)
                || opens(last)
                || c == ' '
                || (!is_wide(c) && !is_wide(last) && last != ' ' && !closes(last) && !opens(c))
                || (!is_wide(c) && !is_wide(last) && last != ' ' && last.is_ascii())
        });
        match units.last_mut() {
            Some(unit) if is_joined => unit.push(c),
            _ => units.push(c.into()),
        }
        last = Some(c);
    }
    units
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ff60}' | '\u{20000}'..='\u{323af}')
}

fn closes(c: char) -> bool {
    "，。、；：！？）》」』】〉’”…".contains(c)
}

fn opens(c: char) -> bool {
    "（《「『【〈‘“".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, width: f32) -> Vec<String> {
        let measure =
            |text: &str| text.chars().map(|c| if c.is_ascii() { 1.0 } else { 2.0 }).sum::<f32>();
        broken(text, width, measure)
    }

    #[test]
    fn no_line_begins_with_a_mark_that_closes() {
        assert_eq!(lines("一二三，四", 6.0), ["一二", "三，四"]);
        assert_eq!(lines("一二（三）", 6.0), ["一二", "（三）"]);
    }

    #[test]
    fn words_stay_whole_and_blanks_at_the_end_vanish() {
        assert_eq!(lines("use Docker today", 10.0), ["use Docker", "today"]);
        assert_eq!(lines("用Docker部署", 8.0), ["用Docker", "部署"]);
        assert_eq!(lines("", 8.0), [""]);
    }
}
