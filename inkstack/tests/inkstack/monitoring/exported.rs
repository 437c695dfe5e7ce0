//! What the services export, and whether it is what an expression asks for.

use super::promql::{Matcher, Use};
use std::collections::BTreeMap;

type Labels = BTreeMap<String, String>;

/// Every sample of every service, with the labels that Prometheus adds.
#[derive(Debug, Default)]
pub(super) struct Exported(Vec<(String, Labels)>);

impl Exported {
    /// Adds what `job` answered under `/metrics`.
    pub(super) fn add(&mut self, job: &str, text: &str) {
        let own = |labels: &str| {
            let mut labels = read(labels);
            labels.insert("job".into(), job.into());
            labels.insert("instance".into(), "127.0.0.1:1".into());
            labels
        };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            // `name{labels} value` or `name value`.
            let (series, _) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            self.0.push((name.into(), own(labels.trim_end_matches('}'))));
        }
        // These are Prometheus' own.
        self.0.push(("up".into(), own("")));
        let alert = own("alertname=\"Name\",alertstate=\"firing\"");
        self.0.push(("ALERTS".into(), alert));
    }

    /// Whether there is such a metric, with every label that is matched or grouped by, and a value
    /// that is matched.
    pub(super) fn check(&self, asked: &Use) -> Result<(), String> {
        let metric = &asked.metric;
        let mut found: Vec<&Labels> = Vec::new();
        found.extend(self.0.iter().filter(|(name, _)| name == metric).map(|(_, labels)| labels));
        if found.is_empty() {
            return Err(format!("nothing exports `{metric}`"));
        }
        for matcher in &asked.matchers {
            if found.iter().any(|labels| !labels.contains_key(&matcher.label)) {
                return Err(format!("`{metric}` has no label `{}`", matcher.label));
            }
            found.retain(|labels| matches(matcher, &labels[&matcher.label]));
            if found.is_empty() {
                return Err(format!("no `{metric}` has {matcher:?}"));
            }
        }
        for label in &asked.grouped_by {
            if found.iter().any(|labels| !labels.contains_key(label)) {
                return Err(format!("`{metric}` has no label `{label}`"));
            }
        }
        Ok(())
    }
}

/// `a="b",c="d"`; no value that is exported here has a quotation mark in it.
fn read(text: &str) -> Labels {
    let mut labels = Labels::new();
    let mut parts = text.split('"');
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        let name = name.trim_start_matches(',').trim_end_matches('=');
        labels.insert(name.into(), value.into());
    }
    labels
}

/// Regular expressions are alternatives with `.` for any character; others are not used.
fn matches(matcher: &Matcher, value: &str) -> bool {
    let pattern = matcher.value.as_str();
    let is_like = || {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '|');
        assert!(pattern.chars().all(is_plain), "{pattern} is more than is known here");
        pattern.split('|').any(|one| {
            let mut pairs = one.chars().zip(value.chars());
            one.len() == value.len() && pairs.all(|(own, other)| own == '.' || own == other)
        })
    };
    match matcher.operator.as_str() {
        "=" => pattern == value,
        "!=" => pattern != value,
        "=~" => is_like(),
        "!~" => !is_like(),
        other => panic!("{other} compares no labels"),
    }
}

#[test]
fn an_expression_that_nobody_can_answer_is_found() {
    let mut exported = Exported::default();
    exported.add("api", "# TYPE a counter\na_total{kind=\"x\",other=\"y\"} 1\nb 2.5\n# EOF\n");
    let check = |text: &str| {
        let asked = super::promql::uses(text).unwrap();
        asked.iter().try_for_each(|asked| exported.check(asked))
    };

    for text in ["a_total{kind=\"x\",job=~\"api|other\"}", "sum by (instance, other) (a_total) / b"]
    {
        check(text).unwrap();
    }
    for text in [
        "a",
        "a_total{kind=\"z\"}",
        "a_total{kin=\"x\"}",
        "a_total{job=\"gateway\"}",
        "b{kind=\"x\"}",
        "sum by (kind) (b)",
        "a_total{kind=~\"5..\"}",
    ] {
        assert!(check(text).is_err(), "{text}");
    }
}
