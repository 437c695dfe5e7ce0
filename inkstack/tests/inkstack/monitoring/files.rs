//! The files under `deploy/monitoring`, as Prometheus and Grafana read them.

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// An expression, and where it stands.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) place: String,
    pub(super) text: String,
    /// Labels that the legend names.
    pub(super) legend: Vec<String>,
}

/// A scraped service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) dns: String,
    pub(super) port: i64,
}

/// `deploy/monitoring`.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/monitoring")
}

pub(super) fn read(path: &str) -> String {
    std::fs::read_to_string(folder().join(path)).unwrap()
}

pub(super) fn dashboard() -> Value {
    serde_json::from_str(&read("grafana/dashboards/inkstack.json")).unwrap()
}

/// What every panel of the dashboard asks for.
pub(super) fn panels() -> Vec<Expression> {
    let dashboard = dashboard();
    let mut expressions = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let legend = target["legendFormat"].as_str().unwrap();
            let labels = legend.split("{{").skip(1).filter_map(|part| part.split_once("}}"));
            expressions.push(Expression {
                place: format!("panel {}, {}", panel["title"], target["refId"]),
                text: target["expr"].as_str().unwrap().into(),
                legend: labels.map(|(label, _)| label.into()).collect(),
            });
        }
    }
    expressions
}

/// What every alert asks for.
pub(super) fn alerts() -> Vec<Expression> {
    let text = read("rules/blog.yml");
    let rules = Yaml::load_from_str(&text).unwrap();
    let groups = list(&rules[0], "groups").iter();
    groups
        .flat_map(|group| list(group, "rules"))
        .map(|rule| Expression {
            place: format!("alert {}", word(rule, "alert")),
            text: word(rule, "expr").into(),
            legend: Vec::new(),
        })
        .collect()
}

/// The services that are scraped.
pub(super) fn jobs() -> Vec<Job> {
    let text = read("prometheus.yml");
    let config = Yaml::load_from_str(&text).unwrap();
    let jobs = list(&config[0], "scrape_configs").iter();
    jobs.map(|job| {
        let dns = &list(job, "dns_sd_configs")[0];
        assert_eq!(word(dns, "type"), "A");
        let port = dns.as_mapping_get("port").unwrap().as_integer().unwrap();
        let name = list(dns, "names")[0].as_str().unwrap();
        Job { name: word(job, "job_name").into(), dns: name.into(), port }
    })
    .collect()
}

fn list<'a, 'b>(node: &'a Yaml<'b>, key: &str) -> &'a [Yaml<'b>] {
    node.as_mapping_get(key).and_then(Yaml::as_sequence).unwrap_or_else(|| panic!("no {key}"))
}

fn word<'a>(node: &'a Yaml<'_>, key: &str) -> &'a str {
    node.as_mapping_get(key).and_then(Yaml::as_str).unwrap_or_else(|| panic!("no {key}"))
}
