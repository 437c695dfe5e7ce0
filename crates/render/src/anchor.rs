//! The anchors of headings: GitHub's algorithm, and aliases for links written otherwise.

use std::collections::HashSet;

/// The anchors of one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Anchors {
    /// The id that GitHub would give.
    pub(crate) id: String,
    /// Other spellings that land here too.
    pub(crate) aliases: Vec<String>,
}

/// GitHub's id for a heading: lowercase, without punctuation, spaces as hyphens.
///
/// As `github-slugger` does it: letters, marks, numbers, connectors (`_`) and hyphens stay.
pub(crate) fn slug(text: &str) -> String {
    let kept = text.trim().chars().flat_map(char::to_lowercase);
    kept.filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() || is_mark(c) => Some(c),
        _ => None,
    })
    .collect()
}

/// Combining marks that belong to the letter before.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{fe0e}' | '\u{fe0f}' | '\u{200d}')
}

/// Gives every heading of a post its anchors; `texts` are the headings in order.
///
/// Equal ids get `-1`, `-2`, …; an alias is given only where no id and no earlier alias has it.
pub(crate) fn assign(texts: &[String]) -> Vec<Anchors> {
    let mut taken = HashSet::new();
    let ids: Vec<String> = texts.iter().map(|text| id(text, &mut taken)).collect();
    ids.into_iter()
        .zip(texts)
        .map(|(id, text)| {
            let aliases = spellings(text).filter(|alias| taken.insert(alias.clone())).collect();
            Anchors { id, aliases }
        })
        .collect()
}

/// The first free id. A heading of punctuation alone, to which GitHub gives none, is a section.
fn id(text: &str, taken: &mut HashSet<String>) -> String {
    let slug = slug(text);
    let base = if slug.is_empty() { "section" } else { &slug };
    let mut id = base.to_owned();
    for number in 1.. {
        if taken.insert(id.clone()) {
            break;
        }
        id = format!("{base}-{number}");
    }
    id
}

/// How people write a heading's anchor by hand: the full-width punctuation kept, or the letters'
/// case, or both.
fn spellings(text: &str) -> impl Iterator<Item = String> {
    let hyphenated = text.trim().replace(' ', "-");
    let is_kept = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_') || is_mark(c);
    let is_wide = |c: char| !c.is_ascii() && !c.is_whitespace();
    let cased: String = hyphenated.chars().filter(|c| is_kept(*c)).collect();
    let wide: String = hyphenated.chars().filter(|c| is_kept(*c) || is_wide(*c)).collect();
    [wide.to_lowercase(), cased, wide].into_iter().filter(|alias| !alias.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(texts: &[&str]) -> Vec<Anchors> {
        assign(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn ids_are_githubs() {
        assert_eq!(slug("Hello, World! 你好：世界_1"), "hello-world-你好世界_1");
    }

    #[test]
    fn equal_headings_are_numbered() {
        let ids: Vec<_> = assigned(&["a", "A", "a 1", "a"]).into_iter().map(|a| a.id).collect();

        assert_eq!(ids, ["a", "a-1", "a-1-1", "a-2"]);
    }

    #[test]
    fn links_written_with_punctuation_or_capitals_still_land() {
        let anchors = assigned(&["第一章：Go 入门"]);

        assert_eq!(anchors[0].id, "第一章go-入门");
        assert_eq!(anchors[0].aliases, ["第一章：go-入门", "第一章Go-入门", "第一章：Go-入门"]);
    }

    #[test]
    fn ascii_punctuation_is_dropped_where_full_width_punctuation_was_kept() {
        let anchors = assigned(&["4. 方法四：WithValue"]);

        assert_eq!(anchors[0].id, "4-方法四withvalue");
        assert_eq!(anchors[0].aliases[0], "4-方法四：withvalue");
    }

    #[test]
    fn an_alias_never_takes_another_headings_id() {
        let anchors = assigned(&["A", "a"]);

        assert_eq!(anchors[0].aliases, ["A"]);
        assert_eq!(anchors[1].id, "a-1");
    }

    #[test]
    fn a_heading_of_punctuation_alone_can_be_linked_to() {
        assert_eq!(
            assigned(&["？", "！"]).into_iter().map(|a| a.id).collect::<Vec<_>>(),
            ["section", "section-1"]
        );
    }
}
