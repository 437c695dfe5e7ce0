//! What `deploy/monitoring` shows and watches is what the services really export.

mod exported;
mod files;
mod prometheus;
mod promql;
mod running;
mod token;

use self::files::{Job, alerts, dashboard, jobs, panels};
use self::prometheus::Prometheus;
use self::running::Running;
use crate::support::until;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

#[tokio::test]
async fn every_panel_and_alert_asks_for_what_is_exported() {
    let stack = Running::start().await;
    stack.read().await;
    stack.until_checked().await;
    let exported = stack.exported().await;

    let expressions: Vec<_> = panels().into_iter().chain(alerts()).collect();
    assert!(expressions.len() > 30, "{expressions:?}");
    let mut faults = Vec::new();
    for one in &expressions {
        let asked = promql::uses(&one.text);
        let checked = asked.and_then(|uses| uses.iter().try_for_each(|one| exported.check(one)));
        faults.extend(checked.err().map(|fault| format!("{}: {fault}", one.place)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test]
async fn a_real_prometheus_has_data_for_every_panel_and_no_alert_to_raise() {
    let stack = Running::start().await;
    let Some(prometheus) = Prometheus::start(&stack) else { return };

    for panel in panels() {
        let expression = panel.text.replace("$__rate_interval", "15s");
        let shown = async || {
            stack.read().await;
            let series = prometheus.query(&stack, &expression).await;
            let is_number = |one: &Value| one["value"][1] != "NaN";
            series.iter().any(is_number).then_some(series)
        };
        let series = until(&format!("data for {}: {expression}", panel.place), shown).await;
        for label in &panel.legend {
            let is_there = |one: &Value| one["metric"][label].is_string();
            assert!(series.iter().any(is_there), "{}: {label} in {series:?}", panel.place);
        }
    }
    let up = prometheus.query(&stack, "sum(up)").await;
    assert_eq!(up[0]["value"][1], "4", "{up:?}");
    let rules = prometheus.rules(&stack).await;
    assert_eq!(rules.len(), alerts().len());
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule}");
        assert_ne!(rule["state"], "firing", "{rule}");
    }
}

#[test]
fn each_service_is_scraped_at_its_second_port() {
    let job = |name: &str, port| Job { name: name.into(), dns: format!("tasks.{name}"), port };
    let expected =
        [job("door", 9083), job("gateway", 9080), job("api", 9081), job("blog-static", 9082)];
    assert_eq!(jobs(), expected);
    // What each listens on where nothing is set; the stack sets the same numbers.
    let sample = include_str!("../../../.env.sample");
    for Job { name, port, .. } in expected {
        let setting = format!("{}_ADMIN_LISTEN", name.to_uppercase().replace('-', "_"));
        assert!(sample.contains(&format!("\n{setting}=127.0.0.1:{port}\n")), "{setting} {port}");
    }
}

#[test]
fn panels_explain_themselves_and_leave_each_other_room() {
    let dashboard = dashboard();
    let source = files::read("grafana/provisioning/datasources/prometheus.yml");
    assert!(source.contains("\n    uid: prometheus\n"), "{source}");
    let mut ids = BTreeSet::new();
    let mut taken = BTreeMap::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: an id twice");
        assert!(panel["description"].as_str().unwrap().ends_with('.'), "{title}");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}");
        let source = serde_json::json!({ "type": "prometheus", "uid": "prometheus" });
        assert_eq!(panel["datasource"], source, "{title}");
        let at = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(at("w") > 0 && at("h") > 0 && at("x") + at("w") <= 24, "{title}");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                let other = taken.insert((x, y), title);
                assert_eq!(other, None, "{title} lies on another panel");
            }
        }
        let names: BTreeSet<_> =
            panel["targets"].as_array().unwrap().iter().map(|one| one["refId"].as_str()).collect();
        assert_eq!(names.len(), panel["targets"].as_array().unwrap().len(), "{title}");
    }
}

#[test]
fn every_alert_says_what_to_do_and_has_a_test() {
    let rules = files::read("rules/blog.yml");
    let tests = files::read("rules_test.yml");
    let headings = include_str!("../../../docs/operations.md").lines();
    // As GitLab and GitHub make them of headings that are words.
    let anchors: BTreeSet<String> = headings
        .filter_map(|line| line.strip_prefix("### "))
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect();
    let blocks: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert_eq!(blocks.len(), alerts().len());
    for block in blocks {
        let name = block.lines().next().unwrap();
        for field in ["for:", "severity:", "summary:", "description:"] {
            assert!(block.contains(field), "{name} has no {field}");
        }
        let link = block.split_once("runbook: docs/operations.md#");
        let anchor = link.and_then(|(_, rest)| rest.lines().next()).unwrap_or_default();
        assert!(anchors.contains(anchor), "{name} has no section `{anchor}`");
        let fires = format!("      - alertname: {name}\n");
        assert!(tests.contains(&fires), "{name} has no test in which it fires");
    }
}
