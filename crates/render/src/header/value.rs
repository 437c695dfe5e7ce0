//! The header's YAML or JSON as values that know where they stand in the file.
//!
//! JSON is read by the YAML reader too, after a strict JSON reader has found no fault in it, so
//! that both forms have places for every value and mean the same.

use super::fence::{Block, Syntax};
use crate::diagnostic::{Place, Report};
use saphyr::{MarkedYaml, Scalar, YamlData, YamlLoader};

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    /// Any scalar, as written; `bool` says whether quotes made it a text.
    Text(String, bool),
    List(Vec<(Value, Place)>),
    Mapping,
}

/// A field: name, where it stands, value and where that stands.
pub(super) type Field = (String, Place, Value, Place);

/// Reads the block's fields, or reports why it cannot be read.
pub(super) fn fields(block: &Block, report: &mut Report) -> Option<Vec<Field>> {
    if block.syntax == Syntax::Json
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(block.text)
    {
        let at = (block.line + error.line().max(1) - 1, error.column().max(1));
        let message = format!("the header is not JSON: {}", without_place(&error.to_string()));
        report.error(at, "header-json", message, "mend it there, or write the header as YAML");
        return None;
    }
    let document = match load(block.text) {
        Ok(document) => document?,
        Err(error) => {
            let at = (block.line + error.marker().line().max(1) - 1, error.marker().col() + 1);
            let message = format!("the header is not YAML: {}", error.info());
            let remedy = "put texts that contain `: `, `[`, `#` or quotes between quotes";
            report.error(at, "header-yaml", message, remedy);
            return None;
        }
    };
    let YamlData::Mapping(mapping) = document.data else {
        report.error(
            (block.line, 1),
            "header-not-mapping",
            "the header is not a list of `name: value` lines",
            "begin with `title:` and `date:`",
        );
        return None;
    };
    let place = |node: &MarkedYaml| {
        (block.line + node.span.start.line().max(1) - 1, node.span.start.col() + 1)
    };
    let fields = mapping.iter().map(|(key, node)| {
        let name = match value(key, &place) {
            Value::Text(name, _) => name,
            _ => String::new(),
        };
        (name, place(key), value(node, &place), place(node))
    });
    Some(fields.collect())
}

/// Reads the first document. Scalars stay as they are written: `title: 2019` is a text.
fn load(text: &str) -> Result<Option<MarkedYaml<'_>>, saphyr::ScanError> {
    let mut loader = YamlLoader::<MarkedYaml>::default();
    loader.early_parse(false);
    saphyr_parser::Parser::new_from_str(text).load(&mut loader, true)?;
    if let Some(error) = loader.error() {
        return Err(error.clone());
    }
    Ok(loader.into_documents().into_iter().next())
}

fn value(node: &MarkedYaml, place: &impl Fn(&MarkedYaml) -> Place) -> Value {
    match &node.data {
        YamlData::Representation(text, style, _) => {
            let is_quoted = *style != saphyr::ScalarStyle::Plain;
            if !is_quoted && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL") {
                Value::Null
            } else {
                Value::Text(text.to_string(), is_quoted)
            }
        }
        YamlData::Value(Scalar::String(text)) => Value::Text(text.to_string(), true),
        YamlData::Sequence(items) => {
            Value::List(items.iter().map(|item| (value(item, place), place(item))).collect())
        }
        YamlData::Mapping(_) => Value::Mapping,
        YamlData::Tagged(_, node) => value(node, place),
        _ => Value::Null,
    }
}

/// The JSON reader's message without ` at line 1 column 2`, which the diagnostic says itself.
fn without_place(message: &str) -> &str {
    message.split(" at line ").next().unwrap_or(message)
}
