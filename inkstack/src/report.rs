//! Problems, written for people and for tools.

use render::{Diagnostic, Severity};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// One problem and its remedy after the other.
pub(crate) fn text(found: &[Diagnostic]) -> String {
    found.iter().fold(String::new(), |text, diagnostic| text + &diagnostic.to_string() + "\n")
}

/// Whether one of them keeps a post from being published.
pub(crate) fn has_errors(found: &[Diagnostic]) -> bool {
    found.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// SARIF 2.1.0 (OASIS), as code review tools read it.
pub(crate) fn sarif(found: &[Diagnostic]) -> Value {
    let codes: BTreeSet<&str> = found.iter().map(|diagnostic| diagnostic.code.as_ref()).collect();
    let rules: Vec<Value> = codes.into_iter().map(|code| json!({ "id": code })).collect();
    let results: Vec<Value> = found.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "inkstack", "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(diagnostic: &Diagnostic) -> Value {
    json!({
        "ruleId": diagnostic.code,
        "level": diagnostic.severity,
        "message": { "text": format!("{}: {}", diagnostic.message, diagnostic.remedy) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": diagnostic.file },
                "region": { "startLine": diagnostic.line, "startColumn": diagnostic.col },
            },
        }],
    })
}
